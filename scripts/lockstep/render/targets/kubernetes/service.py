"""The Service of a cluster: all its pods, whatever version they serve."""

from lockstep.render.names import label_value
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected, IfAny, OneOf
from lockstep.render.targets.kubernetes.metadata import (
    NAME,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins
from lockstep.render.view import ClusterView

# Istio applies the routes to ports of HTTP only, and with two ports a route has to name one.
_PORT: Expected = {
    "name": "http",
    "appProtocol": OneOf(["http", "http2", "grpc"]),
    "protocol": IfAny("TCP"),
    "port": 80,
    "targetPort": "http",
}

# With other values requests go past the routes, or to pods that the routes do not choose.
_DEFAULTS: dict[str, Expected] = {
    "type": IfAny("ClusterIP"),
    "publishNotReadyAddresses": IfAny(False),
    "sessionAffinity": IfAny("None"),
    "internalTrafficPolicy": IfAny("Cluster"),
}


def _files(view: ClusterView) -> Files:
    """One for the cluster: the VirtualService decides which version a request reaches."""
    context = {**metadata(view), "cluster": label_value(view.name)}
    yield ManifestFile("service.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=-1),
        "spec": {
            "selector": {"lockstep.dev/cluster": context["cluster"]},
            "ports": [_PORT],
            **_DEFAULTS,
            **dict.fromkeys(("ipFamilies", "ipFamilyPolicy"), FREE),
        },
    }


def _origins() -> Origins:
    return {**metadata_origins(), "cluster": NAME}


COMPONENT = Component("service", ObjectKind("v1", "Service"), _files)
