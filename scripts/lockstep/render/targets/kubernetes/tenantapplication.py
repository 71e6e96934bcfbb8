"""The Application of a tenant's namespaces in one Kubernetes cluster, with what is in them."""

from functools import partial

from lockstep.render.names import object_name, tenant_place_folder
from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.git_source import (
    expected_spec,
    git_source,
    git_source_origins,
)
from lockstep.render.targets.kubernetes.metadata import ENVIRONMENT, expected_metadata
from lockstep.render.targets.kubernetes.tenant_metadata import (
    in_tenant,
    label_origins,
    tenant_labels,
)
from lockstep.render.targets.origins import Origins, in_environment

_WAVE = -1
"""After the AppProject, which it is in, and before the Applications of clusters."""


def _files(view: TenantPlaceView) -> Files:
    """One for the tenant in this Kubernetes cluster."""
    context = {
        **git_source(view),
        # The Applications of clusters are named by environment and cluster.
        "name": object_name(view.environment, "tenant", view.tenant, view.destination),
        "labels": tenant_labels(view),
        "path": tenant_place_folder(view.environment, view.tenant, view.destination),
        "destination": view.destination,
        # Each object says its own namespace; but the AppProject allows these only.
        "destination_namespace": view.namespaces[0],
        "confirmed": view.confirmed,
    }
    yield ManifestFile("application.yaml", context, _expected(context), partial(_origins, view))


def _expected(context: Context) -> dict[str, Expected]:
    annotations = {"argocd.argoproj.io/sync-wave": str(_WAVE)}
    if context["confirmed"]:
        annotations["argocd.argoproj.io/sync-options"] = "Prune=confirm,Delete=confirm"
    destination = {"name": context["destination"], "namespace": context["destination_namespace"]}
    return {
        "metadata": {
            **expected_metadata(context, wave=_WAVE),
            # These and no others: no rule evaluates the objects of a tenant.
            "labels": dict(context["labels"]),
            "annotations": annotations,
            # So that quotas and policies go when it does; namespaces stay, by their own annotation.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": expected_spec(
            context, destination, {"exclude": "application.yaml"}, namespaces=False
        ),
    }


def _origins(view: TenantPlaceView) -> Origins:
    place = in_environment("spec", "regions", view.regions[0], "destination")
    return {
        **git_source_origins(),
        "project": ENVIRONMENT + in_tenant(view, "name"),
        "name": ENVIRONMENT + in_tenant(view, "name") + place,
        "labels": label_origins(view),
        "path": ENVIRONMENT + in_tenant(view, "name") + place,
        "destination": place,
        "destination_namespace": in_tenant(view, "namespaces", 0),
    }


COMPONENT = Component(
    "tenantapplication", ObjectKind("argoproj.io/v1alpha1", "Application"), _files
)
