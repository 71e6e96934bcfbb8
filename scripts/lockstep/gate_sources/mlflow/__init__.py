"""The gate source ``mlflow``: metrics of logged models, and counts that are logged by block."""

from lockstep.gate_sources.mlflow.source import MlflowGates, dataset_name

__all__ = ["MlflowGates", "dataset_name"]
