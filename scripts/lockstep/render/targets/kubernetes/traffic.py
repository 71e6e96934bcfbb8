"""The contexts of the Istio objects: who gets a cluster's requests, and who is left out."""

from lockstep.render.buckets import bucket_pattern
from lockstep.render.context import Context, Parts, metadata, service_host
from lockstep.render.names import label_value
from lockstep.render.view import ClusterView

DEFAULT_BREAKER = {"consecutiveErrors": 5, "ejectFor": "30s"}
"""Istio fails over only where outlier detection is on, so failover alone brings it."""

Route = tuple[str, str | None, list[tuple[str, int]]]
"""Its name, the buckets that it is for (all requests where None), subsets with weights."""


def destination_rules(view: ClusterView) -> Parts:
    """The policy and each subset in an object of its own, which Istio merges by host.

    So a version's subset is pruned after the traffic has left it, as its Deployment is; as part
    of one object it would vanish before the routes that name it.
    https://istio.io/latest/docs/ops/best-practices/traffic-management/#avoid-503-errors-while-reconfiguring-service-routes
    """
    host = {"host": service_host(view), "policy": None, "subset": None}
    breaker = view.traffic.get("circuitBreaker") or (DEFAULT_BREAKER if view.failover else None)
    if breaker:
        policy = {
            "consecutive_errors": breaker["consecutiveErrors"],
            "eject_for": breaker["ejectFor"],
            "region": view.region,
            "failover": view.failover,
        }
        yield "destinationrule.yaml", {**metadata(view), **host, "policy": policy}
    for version in view.running:
        subset = {"name": version.slug, "version": label_value(version.version)}
        name = f"destinationrule-{version.slug}.yaml"
        yield name, {**metadata(view, version), **host, "subset": subset}


def virtual_service(view: ClusterView) -> Parts:
    """The one object that routes the cluster's host, and its Service for callers inside."""
    retries = view.traffic.get("retries")
    context: Context = {
        **metadata(view),
        "hosts": [view.host, service_host(view)],
        "service": service_host(view),
        "bucket_header": view.traffic.get("bucketHeader"),
        "timeout": view.traffic.get("timeout"),
        "retries": {"perTryTimeout": None, **retries} if retries else None,
        "routes": _routes(view),
    }
    yield "virtualservice.yaml", context


def _routes(view: ClusterView) -> list[Route]:
    """Versions with weight only: a route's single destination gets everything, even at 0.

    A version that only learning arms serve has its bucket route and no other.
    """
    serving = [version for version in view.running if version.weight > 0]
    routes: list[Route] = []
    if len(serving) > 1:
        routes += [
            (f"bucket-{version.slug}", bucket_pattern(version.buckets), [(version.slug, 100)])
            for version in serving
            if version.buckets
        ]
    open_to_all = [version for version in serving if not version.learners]
    alone = len(open_to_all) == 1
    weighted = [(version.slug, 100 if alone else version.fallback) for version in open_to_all]
    return [*routes, ("weighted", None, weighted)]
