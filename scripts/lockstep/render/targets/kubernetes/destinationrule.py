"""The DestinationRules of a cluster: its circuit breaker, and a subset per version."""

from functools import partial

from lockstep.render.names import label_value
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected, Within
from lockstep.render.targets.kubernetes.metadata import (
    SERVICE,
    expected_metadata,
    metadata,
    metadata_origins,
    service_host,
)
from lockstep.render.targets.origins import Origins, in_spec, in_variants
from lockstep.render.view import ClusterView, Running

_BREAKER = ("traffic", "circuitBreaker")


def _files(view: ClusterView) -> Files:
    """The policy and each subset in an object of its own, which Istio merges by host.

    So a version's subset is pruned after the traffic has left it, as its Deployment is; as part
    of one object it would vanish before the routes that name it.
    https://istio.io/latest/docs/ops/best-practices/traffic-management/#avoid-503-errors-while-reconfiguring-service-routes
    """
    # None, because a template fails on a name that its context lacks.
    host = {"host": service_host(view), "policy": None, "subset": None}
    if breaker := view.traffic.get("circuitBreaker"):
        policy = {
            "consecutive_errors": breaker["consecutiveErrors"],
            "eject_for": breaker["ejectFor"],
        }
        context = {**metadata(view), **host, "policy": policy}
        yield ManifestFile("destinationrule.yaml", context, _expected(context), _policy_origins)
    for version in view.running:
        subset = {"name": version.slug, "version": label_value(version.version)}
        context = {**metadata(view, version), **host, "subset": subset}
        name = f"destinationrule-{version.slug}.yaml"
        yield ManifestFile(name, context, _expected(context), partial(_subset_origins, version))


def _expected(context: Context) -> dict[str, Expected]:
    subset, policy = context["subset"], context["policy"]
    spec: dict[str, Expected] = {"host": context["host"]}
    if subset:
        labels = {"lockstep.dev/version": subset["version"]}
        spec["subsets"] = [{"name": subset["name"], "labels": labels}]
    if policy:
        spec["trafficPolicy"] = _expected_policy(policy)
    return {"metadata": expected_metadata(context, wave=0), "spec": spec}


def _expected_policy(policy: Context) -> dict[str, Expected]:
    outliers = {
        "consecutive5xxErrors": policy["consecutive_errors"],
        "baseEjectionTime": policy["eject_for"],
        # With longer ones, or for fewer pods, the circuit breaker of the spec would hardly work.
        "interval": "10s",
        "maxEjectionPercent": Within(10, 100),
    }
    # With outlier detection Istio prefers pods of the caller's zone, unless it is switched off:
    # callers of one zone would load a third of the pods, and those alone of a candidate.
    return {
        "loadBalancer": {"localityLbSetting": {"enabled": False}},
        "outlierDetection": outliers,
    }


def _policy_origins() -> Origins:
    return {
        **metadata_origins(),
        "host": SERVICE,
        "policy": {
            "consecutive_errors": in_spec(*_BREAKER, "consecutiveErrors"),
            "eject_for": in_spec(*_BREAKER, "ejectFor"),
        },
    }


def _subset_origins(version: Running) -> Origins:
    return {
        **metadata_origins(version),
        "host": SERVICE,
        "subset": in_variants(version.version, "version"),
    }


COMPONENT = Component(
    "destinationrule", ObjectKind("networking.istio.io/v1", "DestinationRule"), _files
)
