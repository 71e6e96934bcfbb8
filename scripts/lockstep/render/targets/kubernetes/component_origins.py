"""The origins of the components' contexts, beside the functions that make the contexts."""

from lockstep.render.targets.kubernetes.manifests_capacity import (
    AZURE_POD_LABEL,
    IDENTITY_ANNOTATIONS,
)
from lockstep.render.trace.origins import (
    ENVIRONMENT,
    FAMILY,
    NAME,
    NAMESPACE,
    SERVICE,
    Origin,
    Origins,
    OriginTree,
    in_environment,
    in_lock,
    in_region,
    in_spec,
    in_variants,
    metadata_origins,
    version_of,
)
from lockstep.render.view import ClusterView, EnvironmentView, Running

_GIT = {
    "project": in_environment("spec", "argocd", "project"),
    "repo_url": in_environment("spec", "argocd", "repoURL"),
    "revision": in_environment("spec", "argocd", "revision"),
    "namespace": in_environment("spec", "argocd", "namespace"),
}


_SERVING = ("image", "port", "health", "replicas", "zones")


def service_account(_view: ClusterView, _file: str) -> Origins:
    """Of ``serviceaccount``."""
    principal = in_spec("access", "identity", "principal")
    annotations = dict.fromkeys(IDENTITY_ANNOTATIONS.values(), principal)
    return {**metadata_origins(), "annotations": annotations}


def service(_view: ClusterView, _file: str) -> Origins:
    """Of ``service``."""
    return {**metadata_origins(), "cluster": NAME}


def deployment(view: ClusterView, file: str) -> Origins:
    """Of ``deployment``, for the version that the file is about."""
    version = version_of(view, "deployment", file) or ""
    chosen = in_variants(version, "version")
    selector = {"lockstep.dev/cluster": NAME, "lockstep.dev/version": chosen}
    pod = {
        "app.kubernetes.io/name": FAMILY,
        "app.kubernetes.io/version": chosen,
        "lockstep.dev/family": FAMILY,
        AZURE_POD_LABEL: in_spec("access", "identity", "provider"),
    }
    return {
        **metadata_origins(version),
        "selector": selector,
        "pod_labels": {**selector, **pod},
        "service_account": NAME,
        **{name: in_spec("serving", name) for name in _SERVING},
        **{name: in_spec("serving", "resources", name) for name in ("requests", "limits")},
        "env": {
            "MODEL_URI": in_lock(version, "source"),
            "MODEL_DIGEST": in_lock(version, "digest"),
            "MODEL_VERSION": chosen,
        },
        "secret": NAME,
        "secrets": in_spec("access", "secrets"),
    }


def destination_rule(view: ClusterView, file: str) -> Origins:
    """Of ``destinationrule``: the policy of the host, or the subset of a version."""
    version = version_of(view, "destinationrule", file)
    return {
        **metadata_origins(version),
        "host": SERVICE,
        "policy": {
            "consecutive_errors": _breaker(view, "consecutiveErrors"),
            "eject_for": _breaker(view, "ejectFor"),
            "region": in_spec("region"),
            "failover": in_spec("failover"),
        },
        "subset": None if version is None else in_variants(version, "version"),
    }


def _breaker(view: ClusterView, name: str) -> Origin:
    """Failover brings a circuit breaker where the spec has none."""
    if view.traffic.get("circuitBreaker"):
        return in_spec("traffic", "circuitBreaker", name)
    return in_spec("failover")


def virtual_service(view: ClusterView, _file: str) -> Origins:
    """Of ``virtualservice``: hosts, and each route with its buckets and weights."""
    return {
        **metadata_origins(),
        "hosts": (in_spec("host"), SERVICE),
        "service": SERVICE,
        "bucket_header": in_spec("traffic", "bucketHeader"),
        "timeout": in_spec("traffic", "timeout"),
        "retries": in_spec("traffic", "retries"),
        "routes": _routes(view),
    }


def _routes(view: ClusterView) -> dict[str, OriginTree]:
    """By the name of the route: a version's buckets depend on the weights of all versions."""
    destinations: dict[str, OriginTree] = {}
    routes: dict[str, OriginTree] = {"weighted": (None, None, destinations)}
    for running in view.running:
        chosen = in_variants(running.version, "version")
        weight = in_variants(running.version, "weight")
        destinations[running.slug] = (chosen, _fallback(view, running))
        direct = {running.slug: (chosen, weight)}
        buckets = weight
        for other in view.running:
            buckets += in_variants(other.version, "weight")
        routes[f"bucket-{running.slug}"] = (chosen, buckets, direct)
    return routes


def _fallback(view: ClusterView, running: Running) -> Origin:
    """One version gets what the learning arms leave, and the terms of those arms say so."""
    origin = in_variants(running.version, "weight")
    if running.fallback != running.weight:
        for other in view.running:
            if other.learners:
                origin += in_variants(other.version, "weight")
            for arm in other.learners:
                origin += in_spec("experiments", arm, "learnsFrom")
    return origin


def application(_view: ClusterView, _file: str) -> Origins:
    """Of ``application``, which lives where Argo CD does."""
    return {
        **metadata_origins(),
        **_GIT,
        "name": ENVIRONMENT + NAME,
        "path": ENVIRONMENT + NAME,
        "watched": ENVIRONMENT + NAME,
        "destination": in_region("destination"),
        "destination_namespace": NAMESPACE,
    }


def applications(_view: EnvironmentView, _file: str) -> Origins:
    """Of ``applications``: everything stands in the environment's file."""
    return {
        **_GIT,
        "name": ENVIRONMENT,
        "labels": {"lockstep.dev/environment": ENVIRONMENT},
        "path": ENVIRONMENT,
        "watched": ENVIRONMENT,
    }
