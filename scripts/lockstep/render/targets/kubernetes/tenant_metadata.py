"""What the objects of a tenant in a Kubernetes cluster share: names, labels and their origins."""

from collections.abc import Mapping

from lockstep.render.names import label_value
from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import ENVIRONMENT
from lockstep.render.targets.origins import Origin, OriginTree, in_environment

OBJECT = "lockstep"
"""The name of the one object of a kind that a namespace has."""


def tenant_labels(view: TenantPlaceView) -> list[tuple[str, str]]:
    """The labels of every object of a tenant, sorted."""
    labels = {
        "app.kubernetes.io/managed-by": "lockstep",
        "lockstep.dev/environment": label_value(view.environment),
        "lockstep.dev/tenant": label_value(view.tenant),
    }
    return sorted(labels.items())


def namespaced(view: TenantPlaceView, namespace: str) -> Context:
    """Name, namespace and labels of an object in a namespace of a tenant."""
    return {"name": OBJECT, "namespace": namespace, "labels": tenant_labels(view)}


def expected_namespaced(context: Context) -> dict[str, Expected]:
    """What must hold of the metadata: these and no others, for no rule evaluates the object."""
    return {
        "name": context["name"],
        "namespace": context["namespace"],
        "labels": dict(context["labels"]),
    }


def in_tenant(view: TenantPlaceView, *pointer: str | int) -> Origin:
    """A value of the tenant's entry in ``environment.yaml``."""
    return in_environment("spec", "tenants", view.index, *pointer)


def label_origins(view: TenantPlaceView) -> Mapping[str, OriginTree]:
    """The origins of ``tenant_labels``."""
    return {
        "lockstep.dev/environment": ENVIRONMENT,
        "lockstep.dev/tenant": in_tenant(view, "name"),
    }


def namespace_origin(view: TenantPlaceView, namespace: str) -> Origin:
    """The origin of the name of a namespace."""
    return in_tenant(view, "namespaces", view.namespaces.index(namespace))
