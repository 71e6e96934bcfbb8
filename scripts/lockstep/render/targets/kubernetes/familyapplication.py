"""The Application of a family: Argo CD syncs what watches all of its clusters with it."""

from lockstep.render.names import family_folder
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.git_source import (
    expected_spec,
    git_source,
    git_source_origins,
)
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    expected_metadata,
    family_metadata,
    family_metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_environment
from lockstep.render.view import FamilyView


def _files(view: FamilyView) -> Files:
    """One for the family; it lives where Argo CD does, not where the family's objects go."""
    context = {
        **family_metadata(view),
        **git_source(view),
        "path": family_folder(view.environment, view.name),
        "destination": view.destination,
        "destination_namespace": view.namespace,
    }
    yield ManifestFile("application.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    namespace = context["destination_namespace"]
    destination = {"name": context["destination"], "namespace": namespace}
    return {
        "metadata": {
            **expected_metadata(context),
            # So that the dashboard and the alerts of a family go when the family does.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": expected_spec(context, destination, {"exclude": "application.yaml"}),
    }


def _origins() -> Origins:
    watched = ("spec", "observability")
    return {
        **family_metadata_origins(),
        **git_source_origins(),
        "project": ENVIRONMENT,
        "path": ENVIRONMENT + FAMILY,
        "destination": in_environment(*watched, "destination"),
        "destination_namespace": in_environment(*watched, "namespace"),
    }


COMPONENT = Component(
    "familyapplication", ObjectKind("argoproj.io/v1alpha1", "Application"), _files
)
