"""OPA: the program, the child or server that judges, and what it says."""
