"""The Application of an environment: Argo CD finds the Applications of its clusters with it."""

from lockstep.render.names import cluster_folder, label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.git_source import (
    expected_spec,
    git_source,
    git_source_origins,
)
from lockstep.render.targets.kubernetes.metadata import ENVIRONMENT, expected_metadata
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
    yield ManifestFile("applications.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    watched = {"argocd.argoproj.io/manifest-generate-paths": context["watched"]}
    destination = {"name": "in-cluster", "namespace": context["namespace"]}
    only_applications = {"recurse": True, "include": "*/application.yaml"}
    return {
        "metadata": {
            # Without a finalizer: deleting it must delete no cluster.
            **expected_metadata(context),
            # These and no others: no rule evaluates the objects of an environment.
            "labels": dict(context["labels"]),
            "annotations": watched,
        },
        "spec": expected_spec(context, destination, **only_applications),
    }


def _origins() -> Origins:
    return {
        **git_source_origins(),
        "name": ENVIRONMENT,
        "labels": {"lockstep.dev/environment": ENVIRONMENT},
        "path": ENVIRONMENT,
        "watched": ENVIRONMENT,
    }


COMPONENT = Component("applications", ObjectKind("argoproj.io/v1alpha1", "Application"), _files)
