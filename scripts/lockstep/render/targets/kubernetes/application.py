"""The Application of a cluster: Argo CD syncs the cluster's folder with it."""

from functools import partial

from lockstep.render.names import cluster_folder, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected, IfAny
from lockstep.render.targets.kubernetes.git_source import (
    expected_spec,
    git_source,
    git_source_origins,
)
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    NAME,
    NAMESPACE,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_family, in_region
from lockstep.render.view import ClusterView
from lockstep.spec.floors import is_autoscaled

# A namespace that Argo CD makes injects sidecars; where Istio has revisions, a template names one.
_INJECTED_NAMESPACE: dict[str, Expected] = {
    "managedNamespaceMetadata": {
        "labels": {"istio-injection": IfAny("enabled"), "istio.io/rev": FREE}
    }
}


def _files(view: ClusterView) -> Files:
    """One for the cluster; it lives where Argo CD does, not where the cluster's objects go."""
    folder = cluster_folder(view.environment, view.name)
    context = {
        **metadata(view),
        **git_source(view),
        # All Applications can be in one namespace, where two environments share cluster names.
        "name": object_name(view.environment, view.name),
        "path": folder,
        "destination": view.destination,
        "destination_namespace": view.namespace,
        "confirmed": view.confirmed,
        "autoscaled": is_autoscaled(view.serving),
        # Those of tenants are made with what belongs into them, before this.
        "makes_namespace": view.project == view.argocd.project,
    }
    origins = partial(_origins, view)
    yield ManifestFile("application.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    annotations: dict[str, str] = {}
    if context["confirmed"]:
        # A deleted file must not delete a cluster that serves. Only the Application has it: the
        # objects of a version that is rolled back go at once.
        annotations["argocd.argoproj.io/sync-options"] = "Prune=confirm,Delete=confirm"
    namespace, makes = context["destination_namespace"], context["makes_namespace"]
    destination = {"name": context["destination"], "namespace": namespace}
    return {
        "metadata": {
            **expected_metadata(context, annotations=annotations),
            # So that the cluster's objects go when its Application does.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": expected_spec(
            context,
            destination,
            {"exclude": "application.yaml"},
            _INJECTED_NAMESPACE if makes else None,
            namespaces=makes,
        ),
    }


def _origins(view: ClusterView) -> Origins:
    tenant = in_family("metadata", "tenant") + ENVIRONMENT
    of_tenant = {} if view.project == view.argocd.project else {"project": tenant}
    return {
        **metadata_origins(),
        **git_source_origins(),
        **of_tenant,
        "name": ENVIRONMENT + NAME,
        "path": ENVIRONMENT + NAME,
        "destination": in_region("destination"),
        "destination_namespace": NAMESPACE,
    }


COMPONENT = Component("application", ObjectKind("argoproj.io/v1alpha1", "Application"), _files)
