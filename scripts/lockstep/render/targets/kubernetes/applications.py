"""The Application of an environment: it brings all other Applications and the AppProjects."""

from lockstep.render.names import label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import ABSENT, Expected
from lockstep.render.targets.kubernetes.git_source import (
    expected_spec,
    git_source,
    git_source_origins,
)
from lockstep.render.targets.kubernetes.metadata import ENVIRONMENT, expected_metadata
from lockstep.render.targets.origins import Origins
from lockstep.render.view import EnvironmentView

INCLUDED = (
    "{clusters/*/application.yaml,families/*/application.yaml,tenants/*/appproject.yaml,"
    "tenants/*/*/application.yaml,environment/appproject.yaml}"
)
"""The files that it applies, by Argo CD's globs, in which a * stands for slashes too."""


def _files(view: EnvironmentView) -> Files:
    """One for the environment: a new cluster is synced as soon as its folder is merged."""
    labels = {
        "app.kubernetes.io/managed-by": "lockstep",
        "lockstep.dev/environment": label_value(view.environment),
    }
    context = {
        **git_source(view),
        "name": object_name("lockstep", view.environment),
        "labels": sorted(labels.items()),
        "path": f"rendered/{view.environment}",
    }
    yield ManifestFile("applications.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    destination = {"name": "in-cluster", "namespace": context["namespace"]}
    only_these = {
        "recurse": True,
        "include": INCLUDED,
    }
    return {
        "metadata": {
            # Without a finalizer: deleting it must delete no cluster.
            **expected_metadata(context),
            # These and no others: no rule evaluates the objects of an environment.
            "labels": dict(context["labels"]),
            "annotations": ABSENT,
        },
        "spec": expected_spec(context, destination, only_these),
    }


def _origins() -> Origins:
    return {
        **git_source_origins(),
        "name": ENVIRONMENT,
        "labels": {"lockstep.dev/environment": ENVIRONMENT},
        "path": ENVIRONMENT,
    }


COMPONENT = Component("applications", ObjectKind("argoproj.io/v1alpha1", "Application"), _files)
