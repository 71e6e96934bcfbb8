"""The one place that knows which registries exist."""

import os

from lockstep.model.registry_variables import URI_VARIABLE
from lockstep.registry.base import Registry
from lockstep.registry.mlflow.client import BOUNDS, Bounds
from lockstep.registry.mlflow.versions import MlflowRegistry


def open_registry(address: str | None, seconds: float | None = None) -> Registry:
    """The model registry at ``address``; None means where its environment variable says.

    ``seconds`` bounds each of its answers, downloads included, where the usual bounds are not
    wanted. Raises LockstepError where none is named, or where its client is not installed.
    """
    if seconds is None:
        return MlflowRegistry(address)
    return MlflowRegistry(address, Bounds(min(seconds, BOUNDS.question), seconds))


def is_named(address: str | None) -> bool:
    """Whether a registry is named, by an address or by its environment variable."""
    return bool(address or os.environ.get(URI_VARIABLE))


def reach_registry(seconds: float) -> str:
    """Ask the registry that its environment variable names for something; its address.

    Raises LockstepError where none is named, or where it gives no usable answer in time.
    """
    registry = MlflowRegistry(bounds=Bounds(question=seconds))
    registry.ping()
    return registry.server
