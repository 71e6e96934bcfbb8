"""The DestinationRules of a cluster: its circuit breaker and failover, and a subset per version."""

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
from lockstep.render.targets.origins import Origin, Origins, in_spec, in_variants
from lockstep.render.view import ClusterView, Running

DEFAULT_BREAKER = {"consecutiveErrors": 5, "ejectFor": "30s"}
"""Istio fails over only where outlier detection is on, so failover alone brings it."""


def _files(view: ClusterView) -> Files:
    """The policy and each subset in an object of its own, which Istio merges by host.

    So a version's subset is pruned after the traffic has left it, as its Deployment is; as part
    of one object it would vanish before the routes that name it.
    https://istio.io/latest/docs/ops/best-practices/traffic-management/#avoid-503-errors-while-reconfiguring-service-routes
    """
    # None, because a template fails on a name that its context lacks.
    host = {"host": service_host(view), "policy": None, "subset": None}
    breaker = view.traffic.get("circuitBreaker") or (DEFAULT_BREAKER if view.failover else None)
    if breaker:
        policy = {
            "consecutive_errors": breaker["consecutiveErrors"],
            "eject_for": breaker["ejectFor"],
            "region": view.region,
            "failover": view.failover,
        }
        context = {**metadata(view), **host, "policy": policy}
        origins = partial(_policy_origins, view)
        yield ManifestFile("destinationrule.yaml", context, _expected(context), origins)
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
    if not policy["failover"]:
        return {"outlierDetection": outliers}
    failover = [{"from": policy["region"], "to": policy["failover"]}]
    return {
        "outlierDetection": outliers,
        "loadBalancer": {"localityLbSetting": {"enabled": True, "failover": failover}},
    }


def _policy_origins(view: ClusterView) -> Origins:
    return {
        **metadata_origins(),
        "host": SERVICE,
        "policy": {
            "consecutive_errors": _breaker_origin(view, "consecutiveErrors"),
            "eject_for": _breaker_origin(view, "ejectFor"),
            "region": in_spec("region"),
            "failover": in_spec("failover"),
        },
    }


def _subset_origins(version: Running) -> Origins:
    return {
        **metadata_origins(version),
        "host": SERVICE,
        "subset": in_variants(version.version, "version"),
    }


def _breaker_origin(view: ClusterView, name: str) -> Origin:
    """Failover brings a circuit breaker where the spec has none."""
    if view.traffic.get("circuitBreaker"):
        return in_spec("traffic", "circuitBreaker", name)
    return in_spec("failover")


COMPONENT = Component(
    "destinationrule", ObjectKind("networking.istio.io/v1", "DestinationRule"), _files
)
