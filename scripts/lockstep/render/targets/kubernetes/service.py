"""The Service of a cluster: all its pods, whatever version they serve."""

from functools import partial

from lockstep.render.names import label_value
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected, IfAny, OneOf
from lockstep.render.targets.kubernetes.metadata import (
    NAME,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.kubernetes.ports import HTTP, SERVICE_PORT, app_protocol
from lockstep.render.targets.origins import Origins, in_spec
from lockstep.render.view import ClusterView

# Istio applies the routes to ports of HTTP only.
_PORT: Expected = {
    "name": HTTP,
    "appProtocol": OneOf(["http", "http2", "grpc"]),
    "protocol": IfAny("TCP"),
    "port": SERVICE_PORT,
    "targetPort": HTTP,
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
    context = {
        **metadata(view),
        "cluster": label_value(view.name),
        "ports": [
            (name, app_protocol(name), number)
            for name, number in sorted(view.serving.get("ports", {}).items())
        ],
    }
    yield ManifestFile("service.yaml", context, _expected(context), partial(_origins, view))


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=-1),
        "spec": {
            "selector": {"lockstep.dev/cluster": context["cluster"]},
            "ports": [_PORT, *(_expected_port(*port) for port in context["ports"])],
            **_DEFAULTS,
            **dict.fromkeys(("ipFamilies", "ipFamilyPolicy"), FREE),
        },
    }


def _expected_port(name: str, protocol: str, number: int) -> Expected:
    return {
        "name": name,
        "appProtocol": protocol,
        "protocol": IfAny("TCP"),
        "port": number,
        "targetPort": name,
    }


def _origins(view: ClusterView) -> Origins:
    ports = view.serving.get("ports", {})
    numbers = {name: (None, None, in_spec("serving", "ports", name)) for name in ports}
    return {**metadata_origins(), "cluster": NAME, "ports": numbers}


COMPONENT = Component("service", ObjectKind("v1", "Service"), _files)
