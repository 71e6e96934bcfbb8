"""The VirtualService of a cluster: which version each request reaches."""

from functools import partial

from lockstep.render.buckets import bucket_pattern
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import ABSENT, Expected
from lockstep.render.targets.kubernetes.metadata import (
    SERVICE,
    expected_metadata,
    metadata,
    metadata_origins,
    service_host,
)
from lockstep.render.targets.kubernetes.ports import ROUTED, SERVICE_PORT, app_protocol
from lockstep.render.targets.origins import (
    Origin,
    Origins,
    OriginTree,
    in_region,
    in_spec,
    in_variants,
)
from lockstep.render.view import ClusterView, Running

MESH = "mesh"
"""Istio's name for the sidecars, among gateways."""

PortlessRoute = tuple[str, str | None, list[tuple[str, int]]]

Route = tuple[str, str | None, list[tuple[str, int]], int | None, bool]
"""Its name, the buckets that it is for (all requests where None), subsets with weights.

Then the port of the Service that it leads to, where the Service has several, and whether it is only
for requests of sidecars to that port.
"""

Stream = tuple[str, int, list[tuple[str, int]]]
"""The name of a port of TCP, its number, and the subsets among which its connections are split."""

_GATEWAYS = in_spec("gateways") + in_region("gateways")


def _files(view: ClusterView) -> Files:
    """The one object that routes the cluster's host, and its Service for callers inside."""
    retries = view.traffic.get("retries")
    context = {
        **metadata(view),
        "hosts": [view.host, *view.hosts, service_host(view)],
        "gateways": list(view.gateways),
        "service": service_host(view),
        "bucket_header": view.traffic.get("bucketHeader"),
        "timeout": view.traffic.get("timeout"),
        # None, because a template fails on a name that its context lacks.
        "retries": {"perTryTimeout": None, **retries} if retries else None,
        "routes": _by_port(view, _routes(view)),
        "streams": _streams(view),
    }
    origins = partial(_origins, view)
    yield ManifestFile("virtualservice.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=1),
        "spec": {
            "hosts": context["hosts"],
            "gateways": context["gateways"],
            "http": [_expected_route(context, *route) for route in context["routes"]],
            "tcp": [_expected_stream(context, *each) for each in context["streams"]] or ABSENT,
        },
    }


def _expected_route(
    context: Context,
    name: str,
    buckets: str | None,
    destinations: list[tuple[str, int]],
    port: int | None,
    inside: bool,
) -> dict[str, Expected]:
    """Which requests it takes, and where they go: nowhere else, and no copies of them."""
    route = _expected_destinations(context, destinations, port)
    retries = {k: value for k, value in (context["retries"] or {}).items() if value is not None}
    match: dict[str, Expected] = {"gateways": [MESH], "port": port} if inside else {}
    if buckets:
        match["headers"] = {context["bucket_header"]: {"regex": buckets}}
    return {
        "name": name,
        "match": [match] if match else ABSENT,
        "route": route,
        # Only those of the spec.
        "timeout": context["timeout"] or ABSENT,
        "retries": retries or ABSENT,
    }


def _expected_stream(
    context: Context, _name: str, port: int, destinations: list[tuple[str, int]]
) -> dict[str, Expected]:
    """The connections of sidecars to one port, and where they go."""
    return {
        "match": [{"gateways": [MESH], "port": port}],
        "route": _expected_destinations(context, destinations, port),
    }


def _expected_destinations(
    context: Context, destinations: list[tuple[str, int]], port: int | None
) -> list[Expected]:
    at = {} if port is None else {"port": {"number": port}}
    return [
        {"destination": {"host": context["service"], "subset": subset, **at}, "weight": weight}
        for subset, weight in destinations
    ]


def _origins(view: ClusterView) -> Origins:
    return {
        **metadata_origins(),
        "hosts": (
            in_spec("host"),
            *(in_spec("hosts", i) for i, _ in enumerate(view.hosts)),
            SERVICE,
        ),
        "gateways": _GATEWAYS,
        "service": SERVICE,
        "bucket_header": in_spec("traffic", "bucketHeader"),
        "timeout": in_spec("traffic", "timeout"),
        "retries": in_spec("traffic", "retries"),
        "routes": _route_origins(view),
        "streams": _stream_origins(view),
    }


def _by_port(view: ClusterView, routes: list[PortlessRoute]) -> list[Route]:
    """The routes for each port of the Service.

    With several ports each destination has to name one: a gateway would look for its own. Requests
    of sidecars to a further port of HTTP get the same versions, by the same weights.
    """
    ports = view.serving.get("ports", {})
    if not ports:
        return [(*route, None, False) for route in routes]
    further: list[Route] = [
        (f"{name}-{port}", buckets, destinations, number, True)
        for port, number in sorted(ports.items())
        if app_protocol(port) in ROUTED
        for name, buckets, destinations in routes
    ]
    return [*further, *((*route, SERVICE_PORT, False) for route in routes)]


def _streams(view: ClusterView) -> list[Stream]:
    """A route for each port of TCP, whose connections carry no header that could be a bucket.

    Without it, the Service would send them to the pods of all versions that run, those of weight 0
    included: a candidate that was only proposed, and a previous version that is kept warm.
    """
    _, _, by_weight = _routes(view)[-1]
    return [
        (port, number, by_weight)
        for port, number in sorted(view.serving.get("ports", {}).items())
        if app_protocol(port) not in ROUTED
    ]


def _routes(view: ClusterView) -> list[PortlessRoute]:
    """Versions with weight only: a route's single destination gets everything, even at 0.

    A version that only learning arms serve has its bucket route and no other.
    """
    serving = [version for version in view.running if version.weight > 0]
    routes: list[PortlessRoute] = []
    # One version gets all requests anyway, so no proxy has to match the header.
    if len(serving) > 1:
        routes += [
            (f"bucket-{version.slug}", bucket_pattern(version.buckets), [(version.slug, 100)])
            for version in serving
            if version.buckets
        ]
    open_to_all = [version for version in serving if not version.learners]
    # Istio ignores the weight of a single destination, so 100 is what really happens.
    alone = len(open_to_all) == 1
    weighted = [(version.slug, 100 if alone else version.fallback) for version in open_to_all]
    # Last, because Istio takes the first route that matches, and this one always does.
    return [*routes, ("weighted", None, weighted)]


def _route_origins(view: ClusterView) -> dict[str, OriginTree]:
    """By the name of the route: a version's buckets depend on the weights of all versions."""
    destinations: dict[str, OriginTree] = {}
    routes: dict[str, tuple[OriginTree, ...]] = {"weighted": (None, None, destinations)}
    for running in view.running:
        chosen = in_variants(running.version, "version")
        weight = in_variants(running.version, "weight")
        destinations[running.slug] = (chosen, _fallback_origin(view, running))
        direct = {running.slug: (chosen, weight)}
        buckets = weight
        for other in view.running:
            buckets += in_variants(other.version, "weight")
        routes[f"bucket-{running.slug}"] = (chosen, buckets, direct)
    further: dict[str, OriginTree] = {}
    for port in view.serving.get("ports", {}):
        number = in_spec("serving", "ports", port)
        further |= {f"{name}-{port}": (*tree, number) for name, tree in routes.items()}
    return {**routes, **further}


def _stream_origins(view: ClusterView) -> dict[str, OriginTree]:
    """By the name of the port, as those of the routes are by theirs."""
    destinations = {
        running.slug: (in_variants(running.version, "version"), _fallback_origin(view, running))
        for running in view.running
    }
    return {
        port: (None, in_spec("serving", "ports", port), destinations)
        for port in view.serving.get("ports", {})
    }


def _fallback_origin(view: ClusterView, running: Running) -> Origin:
    """One version gets what the learning arms leave, and the terms of those arms say so."""
    origin = in_variants(running.version, "weight")
    if running.fallback != running.weight:
        for other in view.running:
            if other.learners:
                origin += in_variants(other.version, "weight")
            for arm in other.learners:
                origin += in_spec("experiments", arm, "learnsFrom")
    return origin


COMPONENT = Component(
    "virtualservice", ObjectKind("networking.istio.io/v1", "VirtualService"), _files
)
