"""MLflow as model registry."""
