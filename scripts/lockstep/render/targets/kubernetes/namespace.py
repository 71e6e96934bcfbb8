"""The Namespaces of a tenant: with sidecars, and never deleted by Argo CD."""

from functools import partial

from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected, IfAny
from lockstep.render.targets.kubernetes.tenant_metadata import (
    label_origins,
    namespace_origin,
    tenant_labels,
)
from lockstep.render.targets.origins import Origins, in_environment

_KEPT = {
    # With a namespace all that is in it would go: neither a mistake in git nor a removed
    # Application may delete one.
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    # One that git does not have any more is no difference for ever.
    "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
}
_SECURITY = "pod-security.kubernetes.io/enforce"


def _files(view: TenantPlaceView) -> Files:
    """One for each namespace."""
    for namespace in view.namespaces:
        context = {
            "name": namespace,
            "labels": tenant_labels(view),
            "pod_security": view.pod_security,
            # By a fixed version: an upgrade of Kubernetes must not refuse pods that run.
            "pod_security_version": f"v{view.kubernetes}",
        }
        origins = partial(_origins, view, namespace)
        yield ManifestFile(f"namespace-{namespace}.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    labels: dict[str, Expected] = {
        **dict(context["labels"]),
        # The namespace injects sidecars; where Istio has revisions, a template names one.
        "istio-injection": IfAny("enabled"),
        "istio.io/rev": FREE,
    }
    if context["pod_security"] is not None:
        labels[_SECURITY] = context["pod_security"]
        labels[f"{_SECURITY}-version"] = context["pod_security_version"]
    # These and no others: no rule evaluates the objects of a tenant.
    return {"metadata": {"name": context["name"], "labels": labels, "annotations": _KEPT}}


def _origins(view: TenantPlaceView, namespace: str) -> Origins:
    return {
        "name": namespace_origin(view, namespace),
        "labels": label_origins(view),
        "pod_security": in_environment("spec", "podSecurity"),
        "pod_security_version": in_environment("spec", "kubernetesVersion"),
    }


COMPONENT = Component("namespace", ObjectKind("v1", "Namespace"), _files)
