"""The AuthorizationPolicy of a cluster: only its gateways and the callers of its tenant reach it.

Callers are known by their identity in the mesh, which a request without mutual TLS does not have.
Probes are not concerned: Istio has its agent answer them. Neither are metrics, those of the proxy
and of the server: Prometheus asks the agent for both, which asks the server inside the pod.
"""

from functools import partial

from lockstep.render.names import label_value
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import (
    NAME,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_environment
from lockstep.render.view import ClusterView

_DRY_RUN = "istio.io/dry-run"


def _files(view: ClusterView) -> Files:
    """One for the cluster, where the environment asks for it."""
    if "authorization" in view.network:
        asked = view.network["authorization"]
        context = {
            **metadata(view),
            "cluster": label_value(view.name),
            "dry_run": asked["mode"] != "enforce",
            "callers": asked["namespaces"],
        }
        origins = partial(_origins, view)
        yield ManifestFile("authorizationpolicy.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    annotations = {_DRY_RUN: "true"} if context["dry_run"] else {}
    return {
        "metadata": {
            **expected_metadata(context, wave=-2),
            # With any other annotation of Istio it would not be enforced.
            "annotations": {"argocd.argoproj.io/sync-wave": "-2", **annotations},
        },
        "spec": {
            "selector": {"matchLabels": {"lockstep.dev/cluster": context["cluster"]}},
            "action": "ALLOW",
            "rules": [{"from": [{"source": {"namespaces": context["callers"]}}]}],
        },
    }


def _origins(view: ClusterView) -> Origins:
    return {
        **metadata_origins(),
        "cluster": NAME,
        "dry_run": in_environment("spec", "network", "authorization"),
        "callers": view.network_origins["authorization"],
    }


COMPONENT = Component(
    "authorizationpolicy", ObjectKind("security.istio.io/v1", "AuthorizationPolicy"), _files
)
