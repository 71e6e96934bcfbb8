"""The only I/O: git, OPA, MLflow, files, processes and the clock."""
