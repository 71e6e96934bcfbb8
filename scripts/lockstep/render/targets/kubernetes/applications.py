"""The Application of an environment: Argo CD finds the Applications of its clusters with it."""

from lockstep.render.names import cluster_folder, label_value, object_name
from lockstep.render.targets.base import Component, Files, ManifestFile
from lockstep.render.targets.kubernetes.git_source import git_source, git_source_origins
from lockstep.render.targets.kubernetes.metadata import ENVIRONMENT
from lockstep.render.targets.origins import Origins
from lockstep.render.view import EnvironmentView


def _files(view: EnvironmentView) -> Files:
    """One for the environment: a new cluster is synced as soon as its folder is merged."""
    labels = {
        "app.kubernetes.io/managed-by": "lockstep",
        "lockstep.dev/environment": label_value(view.environment),
    }
    folder = cluster_folder(view.environment, "").rstrip("/")
    context = {
        **git_source(view),
        "name": object_name("lockstep", view.environment),
        "labels": sorted(labels.items()),
        "path": folder,
        "watched": f"/{folder}",
    }
    yield ManifestFile("applications.yaml", context, _origins)


def _origins() -> Origins:
    return {
        **git_source_origins(),
        "name": ENVIRONMENT,
        "labels": {"lockstep.dev/environment": ENVIRONMENT},
        "path": ENVIRONMENT,
        "watched": ENVIRONMENT,
    }


COMPONENT = Component("applications", _files)
