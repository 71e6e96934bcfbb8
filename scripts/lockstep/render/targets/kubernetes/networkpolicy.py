"""The NetworkPolicy of each namespace of a tenant: all is denied but what the environment names.

One object: Kubernetes applies it as a whole, so that there is no moment at which only the denial
counts.
"""

from functools import partial

from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.tenant_metadata import (
    expected_namespaced,
    label_origins,
    namespace_origin,
    namespaced,
)
from lockstep.render.targets.origins import Origins


def _files(view: TenantPlaceView) -> Files:
    """One for each namespace, where the environment has a network."""
    if view.network is None:
        return
    rules = {name: [each.rule for each in own] for name, own in view.network.items()}
    for namespace in view.namespaces:
        context = {**namespaced(view, namespace), **rules}
        origins = partial(_origins, view, namespace)
        yield ManifestFile(f"networkpolicy-{namespace}.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_namespaced(context),
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": context["ingress"],
            "egress": context["egress"],
        },
    }


def _origins(view: TenantPlaceView, namespace: str) -> Origins:
    rules = (view.network or {}).items()
    return {
        "namespace": namespace_origin(view, namespace),
        "labels": label_origins(view),
        **{name: [each.origin for each in own] for name, own in rules},
    }


COMPONENT = Component("networkpolicy", ObjectKind("networking.k8s.io/v1", "NetworkPolicy"), _files)
