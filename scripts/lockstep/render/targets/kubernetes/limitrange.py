"""The LimitRange of each namespace with a quota: what a container requests that names nothing.

Under a quota Kubernetes refuses a pod with a container that requests nothing, such as one that a
webhook adds.
"""

from functools import partial

from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected
from lockstep.render.targets.kubernetes.tenant_metadata import (
    expected_namespaced,
    label_origins,
    namespace_origin,
    namespaced,
)
from lockstep.render.targets.origins import Origins


def _files(view: TenantPlaceView) -> Files:
    """One for each namespace that has a quota here."""
    for namespace in view.quotas:
        context = namespaced(view, namespace)
        origins = partial(_origins, view, namespace)
        yield ManifestFile(f"limitrange-{namespace}.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    # No maximum: rules judge what pods have, and a rollback must never be refused by one.
    default = {"type": "Container", "defaultRequest": {"cpu": FREE, "memory": FREE}}
    return {"metadata": expected_namespaced(context), "spec": {"limits": [default]}}


def _origins(view: TenantPlaceView, namespace: str) -> Origins:
    return {"namespace": namespace_origin(view, namespace), "labels": label_origins(view)}


COMPONENT = Component("limitrange", ObjectKind("v1", "LimitRange"), _files)
