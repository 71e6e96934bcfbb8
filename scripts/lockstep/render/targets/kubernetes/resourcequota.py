"""The ResourceQuota of each namespace of a tenant: what its pods may request there together."""

from functools import partial

from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.tenant_metadata import (
    expected_namespaced,
    in_tenant,
    label_origins,
    namespace_origin,
    namespaced,
)
from lockstep.render.targets.origins import Origin, Origins

_FIELDS = {"requests.cpu": ("cpu",), "requests.memory": ("memory",), "pods": ("pods",)}


def _files(view: TenantPlaceView) -> Files:
    """One for each namespace that has a quota here."""
    for namespace, (hard, _) in view.quotas.items():
        context = {**namespaced(view, namespace), "hard": sorted(hard.items())}
        origins = partial(_origins, view, namespace)
        yield ManifestFile(f"resourcequota-{namespace}.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_namespaced(context),
        # No scopes: a quota that counts only some of the pods limits nothing.
        "spec": {"hard": dict(context["hard"])},
    }


def _origins(view: TenantPlaceView, namespace: str) -> Origins:
    hard, quotas = view.quotas[namespace]
    return {
        "namespace": namespace_origin(view, namespace),
        "labels": label_origins(view),
        "hard": {name: _origin(view, name, quotas) for name in hard},
    }


def _origin(view: TenantPlaceView, name: str, quotas: tuple[int, ...]) -> Origin:
    field = _FIELDS.get(name, ("devices", name.removeprefix("requests.")))
    found = Origin(())
    for at in quotas:
        found += in_tenant(view, "quotas", at, *field)
    return found


COMPONENT = Component("resourcequota", ObjectKind("v1", "ResourceQuota"), _files)
