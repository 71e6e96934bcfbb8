"""The DestinationRules of a cluster: its circuit breaker, its warm-up, and a subset per version."""

from functools import partial

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.names import label_value
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected, OneOf, Within
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
_WARM_UP = ("spec", "serving", "warmUp")

_MINIMUM_PERCENT = 10


def read_warm_up(fields: Fields) -> dict[str, Json]:
    """``warmUp`` of a serving, where the spec has it. Raises Unrenderable."""
    if not fields.has(*_WARM_UP):
        return {}
    given = fields.has(*_WARM_UP, "minimumPercent")
    least = fields.integer(*_WARM_UP, "minimumPercent") if given else _MINIMUM_PERCENT
    return {"warmUp": {"duration": fields.text(*_WARM_UP, "duration"), "minimumPercent": least}}


def _files(view: ClusterView) -> Files:
    """The policy and each subset in an object of its own, which Istio merges by host.

    So a version's subset is pruned after the traffic has left it, as its Deployment is; as part
    of one object it would vanish before the routes that name it.
    https://istio.io/latest/docs/ops/best-practices/traffic-management/#avoid-503-errors-while-reconfiguring-service-routes
    """
    # None, because a template fails on a name that its context lacks.
    host = {"host": service_host(view), "policy": None, "subset": None}
    if policy := _policy(view):
        context = {**metadata(view), **host, "policy": policy}
        yield ManifestFile("destinationrule.yaml", context, _expected(context), _policy_origins)
    for version in view.running:
        subset = {"name": version.slug, "version": label_value(version.version)}
        context = {**metadata(view, version), **host, "subset": subset}
        name = f"destinationrule-{version.slug}.yaml"
        yield ManifestFile(name, context, _expected(context), partial(_subset_origins, version))


def _policy(view: ClusterView) -> Context | None:
    """What holds of the pods of all versions alike; None where the spec has nothing of it."""
    breaker, warm_up = view.traffic.get("circuitBreaker"), view.serving.get("warmUp")
    if not breaker and not warm_up:
        return None
    return {
        "breaker": breaker
        and {
            "consecutive_errors": breaker["consecutiveErrors"],
            "eject_for": breaker["ejectFor"],
        },
        "warm_up": warm_up
        and {"duration": warm_up["duration"], "minimum_percent": warm_up["minimumPercent"]},
    }


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
    # With outlier detection Istio prefers pods of the caller's zone, unless it is switched off:
    # callers of one zone would load a third of the pods, and those alone of a candidate.
    balancer: dict[str, Expected] = {"localityLbSetting": {"enabled": False}}
    expected: dict[str, Expected] = {"loadBalancer": balancer}
    if warm_up := policy["warm_up"]:
        # The two that Envoy can start slowly; the first one is what Istio does without a word.
        balancer["simple"] = OneOf(("LEAST_REQUEST", "ROUND_ROBIN"))
        balancer["warmup"] = {
            "duration": warm_up["duration"],
            "minimumPercent": warm_up["minimum_percent"],
        }
    if breaker := policy["breaker"]:
        expected["outlierDetection"] = {
            "consecutive5xxErrors": breaker["consecutive_errors"],
            "baseEjectionTime": breaker["eject_for"],
            # With longer ones, or for fewer pods, the circuit breaker of the spec would hardly
            # work.
            "interval": "10s",
            "maxEjectionPercent": Within(10, 100),
        }
    return expected


def _policy_origins() -> Origins:
    return {
        **metadata_origins(),
        "host": SERVICE,
        "policy": {
            "breaker": {
                "consecutive_errors": in_spec(*_BREAKER, "consecutiveErrors"),
                "eject_for": in_spec(*_BREAKER, "ejectFor"),
            },
            "warm_up": {
                "duration": in_spec("serving", "warmUp", "duration"),
                "minimum_percent": in_spec("serving", "warmUp", "minimumPercent"),
            },
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
