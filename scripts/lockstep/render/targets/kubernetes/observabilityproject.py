"""The AppProject of what watches an environment's families: what is applied for them, and where."""

from lockstep.render.names import label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import ABSENT, Expected
from lockstep.render.targets.kubernetes.git_source import git_source, git_source_origins
from lockstep.render.targets.kubernetes.metadata import ENVIRONMENT, expected_metadata
from lockstep.render.targets.origins import Origins, in_environment
from lockstep.render.view import EnvironmentView

KINDS = (
    ("", "ConfigMap"),
    ("monitoring.coreos.com", "AlertmanagerConfig"),
    ("monitoring.coreos.com", "PrometheusRule"),
)
"""Dashboards, alerts and where these go: nothing that runs, because every family has them there."""


def observability_project(environment: str) -> str:
    """The name of the AppProject: Argo CD keeps those of all environments in one place."""
    return object_name(environment, "observability")


def _files(view: EnvironmentView) -> Files:
    """One, where the environment has a place that sees all of its regions."""
    if view.families is None:
        return
    destination, namespace = view.families
    labels = {
        "app.kubernetes.io/managed-by": "lockstep",
        "lockstep.dev/environment": label_value(view.environment),
    }
    source = git_source(view)
    context = {
        "name": observability_project(view.environment),
        "namespace": source["namespace"],
        "labels": sorted(labels.items()),
        "description": f"What watches the families in {view.environment}",
        "repo_url": source["repo_url"],
        "destination": destination,
        "destination_namespace": namespace,
        "kinds": list(KINDS),
    }
    yield ManifestFile("appproject.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    """Nothing else: no cluster-wide object, no sync window, no role that lets others sync."""
    place = {"name": context["destination"], "namespace": context["destination_namespace"]}
    return {
        "metadata": {
            # Before the Applications that belong to it.
            **expected_metadata(context, wave=-1),
            # These and no others: no rule evaluates the objects of an environment.
            "labels": dict(context["labels"]),
            "annotations": {"argocd.argoproj.io/sync-wave": "-1"},
            # Argo CD keeps it until no Application is left in it: none could go without it.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "description": context["description"],
            "sourceRepos": [context["repo_url"]],
            "destinations": [place],
            "clusterResourceWhitelist": ABSENT,
            "namespaceResourceWhitelist": [
                {"group": group, "kind": kind} for group, kind in context["kinds"]
            ],
        },
    }


def _origins() -> Origins:
    shared, watched = git_source_origins(), ("spec", "observability")
    return {
        "name": ENVIRONMENT,
        "namespace": shared["namespace"],
        "labels": {"lockstep.dev/environment": ENVIRONMENT},
        "description": ENVIRONMENT,
        "repo_url": shared["repo_url"],
        "destination": in_environment(*watched, "destination"),
        "destination_namespace": in_environment(*watched, "namespace"),
    }


COMPONENT = Component(
    "observabilityproject", ObjectKind("argoproj.io/v1alpha1", "AppProject"), _files
)
