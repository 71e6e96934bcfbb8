"""The origins of the contexts in ``manifests_capacity``."""

from lockstep.render.trace.origins import (
    NAME,
    NAMESPACE,
    Origin,
    Origins,
    in_environment,
    in_spec,
    in_variants,
    metadata_origins,
    version_of,
)
from lockstep.render.view import ClusterView


def external_secret(view: ClusterView, _file: str) -> Origins:
    """Of ``externalsecret``: each secret stands under its name."""
    names = sorted(view.access.get("secrets", {}))
    return {
        **metadata_origins(),
        "store": _secret(names[0], "store"),
        "secrets": {
            name: (
                in_spec("access", "secrets", name),
                _secret(name, "path"),
                _secret(name, "key"),
                _secret(name, "store"),
            )
            for name in names
        },
    }


def budget(view: ClusterView, file: str) -> Origins:
    """Of ``poddisruptionbudget``, for the version that the file is about."""
    version = version_of(view, "poddisruptionbudget", file) or ""
    return {
        **metadata_origins(version),
        "min_available": in_spec("serving", "disruption", "minAvailable"),
        "max_unavailable": in_spec("serving", "disruption", "maxUnavailable"),
        "selector": {
            "lockstep.dev/cluster": NAME,
            "lockstep.dev/version": in_variants(version, "version"),
        },
    }


def autoscaler(view: ClusterView, file: str) -> Origins:
    """Of ``horizontalpodautoscaler``, for the version that the file is about."""
    return {
        **metadata_origins(version_of(view, "horizontalpodautoscaler", file)),
        "replicas": in_spec("serving", "replicas"),
        "max_replicas": in_spec("serving", "hpa", "maxReplicas"),
        "cpu": in_spec("serving", "hpa", "cpu"),
    }


def scaled_object(view: ClusterView, file: str) -> Origins:
    """Of ``scaledobject``, for the version that the file is about."""
    version = version_of(view, "scaledobject", file) or ""
    return {
        **metadata_origins(version),
        "replicas": in_spec("serving", "replicas"),
        "max_replicas": in_spec("serving", "keda", "maxReplicas"),
        "server": in_environment("spec", "prometheus"),
        "query": NAME + in_variants(version, "version") + NAMESPACE,
        "threshold": in_spec("serving", "keda", "requestsPerSecond"),
    }


def _secret(name: str, part: str) -> Origin:
    return in_spec("access", "secrets", name, part)
