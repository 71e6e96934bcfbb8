"""What may reach pods, and what they may reach: ``spec.network`` of an environment.

Ends of connections are given as the rules of a NetworkPolicy, which knows addresses and labels of
namespaces, but no names of DNS.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping

from lockstep.model.document import Json, Pointer
from lockstep.model.fleet import Environment, Family
from lockstep.render.fields import Fields
from lockstep.render.observability import read_namespace
from lockstep.render.place_view import NetworkRule
from lockstep.render.targets.kubernetes.virtualservice import MESH
from lockstep.render.targets.origins import (
    Origin,
    OriginTree,
    in_environment,
    in_family,
    in_region,
    in_spec,
)

NETWORK = ("spec", "network")
TENANTS = ("spec", "tenants")
_DNS = [{"namespace": "kube-system", "ports": [53]}]
_ISTIOD = [{"namespace": "istio-system", "ports": [15012]}]
_OTLP = (4317, 4318)
"""The ports on which a collector of OpenTelemetry listens, by gRPC and by HTTP."""
_COLLECTOR = ("spec", "observability", "openTelemetry", "endpoint")

_OF_NODES = tuple(ipaddress.ip_network(each) for each in ("169.254.0.0/16", "fd00:ec2::254/128"))
"""Where a cloud's metadata service gives a node's credentials to whoever can reach it."""

_NAMESPACE = "kubernetes.io/metadata.name"
"""The label with its name that Kubernetes gives to each namespace."""


Callers = Mapping[str, Origin]
"""Namespaces, and where each is named as that of a caller."""

OWN_PODS: Json = {"podSelector": {}}
"""The end of a connection that is any pod of the same namespace."""


def namespaces_peer(names: Iterable[str]) -> Json:
    """The end of a connection that is any pod of these namespaces."""
    values = list(names)
    return {
        "namespaceSelector": {
            "matchExpressions": [{"key": _NAMESPACE, "operator": "In", "values": values}]
        }
    }


def peer_origin(values: Iterable[Origin]) -> OriginTree:
    """Where the names in a ``namespaces_peer`` are written, in their order."""
    return {"namespaceSelector": {"matchExpressions": [{"values": list(values)}]}}


def has_network(environment: Environment) -> bool:
    """Whether the namespaces of tenants are closed."""
    return Fields(environment.document).has(*NETWORK)


def read_egress(environment: Environment) -> list[NetworkRule]:
    """What the pods of every tenant may reach. Raises Unrenderable."""
    fields = Fields(environment.document)
    rules = [NetworkRule({"to": [OWN_PODS]}, None)]
    rules += _rules(fields, "dns", ("UDP", "TCP"), _DNS) + _rules(fields, "istiod", default=_ISTIOD)
    for name in ("registry", "egress"):
        rules += _rules(fields, name)
    if (collector := _collector(environment, fields)) is not None:
        namespace, origin = collector
        rule = _rule([namespaces_peer([namespace])], _OTLP, ("TCP",))
        rules.append(NetworkRule(rule, {"to": [peer_origin([origin])]}))
    return rules


def _collector(environment: Environment, fields: Fields) -> tuple[str, Origin] | None:
    """The namespace of the collector of traces, and where it is written; None without one.

    That of the Service in its address; else, as a name of DNS says nothing of a namespace, that of
    those who watch.
    """
    watched = read_namespace(environment)
    if watched is None or not fields.has(*_COLLECTOR):
        return None
    host = re.split("[:/]", fields.text(*_COLLECTOR).partition("://")[2], maxsplit=1)[0]
    parts = host.lower().split(".")
    if parts[2:3] == ["svc"]:
        return parts[1], in_environment(*_COLLECTOR)
    return watched, WATCHING


WATCHING = in_environment("spec", "observability", "namespace")
"""Where the namespace of those who watch is written."""


def read_gateways(fields: Fields, *pointer: str | int) -> list[tuple[str, int]]:
    """The namespaces of the Gateways in a list with their indexes; the mesh has none."""
    if not fields.has(*pointer):
        return []
    named = [fields.text(*pointer, index) for index in _indexes(fields, *pointer)]
    return [(name.partition("/")[0], i) for i, name in enumerate(named) if name != MESH]


def further_gateways(environment: Environment) -> Callers:
    """The namespaces of gateways that run elsewhere than their Gateway is."""
    return _named(Fields(environment.document), *NETWORK, "gatewayNamespaces")


def read_callers(environment: Environment, tenant: int | None) -> Callers:
    """The namespaces that call the clusters of a tenant, by its index; none for one not listed.

    Raises Unrenderable.
    """
    if tenant is None:
        return {}
    return _named(Fields(environment.document), *TENANTS, tenant, "callers")


def _named(fields: Fields, *pointer: str | int) -> Callers:
    if not fields.has(*pointer):
        return {}
    here = [(*pointer, index) for index in _indexes(fields, *pointer)]
    return {fields.text(*each): in_environment(*each) for each in here}


def merge_callers(parts: Iterable[Callers]) -> Callers:
    """All callers in the order of their names; one that is named twice has both places."""
    found: dict[str, Origin] = {}
    for part in parts:
        for name, origin in part.items():
            found[name] = found.get(name, Origin(())) + origin
    return dict(sorted(found.items()))


def read_network(
    fields: Fields, family: Family, environment: Environment
) -> tuple[dict[str, Json], dict[str, OriginTree]]:
    """What of the network is said by policies of a cluster; empty where it is open.

    ``authorization`` has the mode and the namespaces that may call; ``featureWriters`` the rules
    for what a cluster that writes features may reach. Then the same names with where the namespaces
    and the rules are written. ``fields`` are the cluster's. Raises Unrenderable.
    """
    written = Fields(environment.document)
    if not written.has(*NETWORK) or not written.has(*TENANTS):
        return {}, {}
    network: dict[str, Json] = {}
    origins: dict[str, OriginTree] = {}
    if written.has(*NETWORK, "authorization"):
        callers = _authorized(fields, family, environment)
        network["authorization"] = {
            "mode": written.text(*NETWORK, "authorization"),
            "namespaces": list(callers),
        }
        origins["authorization"] = list(callers.values())
    writers = _rules(written, "featureWriters")
    if writers and fields.has("spec", "features", "writes"):
        # With the rest, so that it cuts nothing off where it is applied before the policy of the
        # namespace.
        rules = [*read_egress(environment), *writers]
        network["featureWriters"] = [each.rule for each in rules]
        origins["featureWriters"] = [each.origin for each in rules]
    return network, origins


def _authorized(fields: Fields, family: Family, environment: Environment) -> Callers:
    tenant = Fields(family.document).text("metadata", "tenant")
    gateways = _gateways(fields, environment)
    further = further_gateways(environment) if gateways else {}
    chosen = in_family("metadata", "tenant")
    listed = read_callers(environment, environment.tenant_index(tenant))
    of_tenant = {name: at + chosen for name, at in listed.items()}
    found = merge_callers([*gateways, further, of_tenant])
    if not found:
        fields.fail(
            ("spec", "gateways"), "render.no-callers",
            f"nothing may call this cluster: it has no gateway, and tenant {tenant} has no callers",
            f"list the namespaces of its callers in spec.tenants of {environment.document.path}, "
            "or give the cluster a gateway",
        )  # fmt: skip
    return found


def _gateways(fields: Fields, environment: Environment) -> list[Callers]:
    """The namespaces of the gateways of a cluster, or else of its region."""
    if fields.has("spec", "gateways"):
        own = read_gateways(fields, "spec", "gateways")
        return [{name: in_spec("gateways", at)} for name, at in own]
    index = environment.region_index(fields.text("spec", "region"))
    if index is None:
        return []
    of_region = read_gateways(Fields(environment.document), "spec", "regions", index, "gateways")
    return [{name: in_region("gateways", at)} for name, at in of_region]


def _rules(
    fields: Fields, name: str, protocols: Iterable[str] = ("TCP",), default: Json = None
) -> list[NetworkRule]:
    here = (*NETWORK, name)
    if not fields.has(*here):
        return [
            NetworkRule(
                _rule([namespaces_peer([each["namespace"]])], each["ports"], protocols),
                in_environment(*here),
            )
            for each in default or ()
        ]
    return [
        _written_rule(fields, (*here, index), tuple(protocols)) for index in _indexes(fields, *here)
    ]


def _written_rule(fields: Fields, at: Pointer, protocols: tuple[str, ...]) -> NetworkRule:
    ports = [(*at, "ports", i) for i in _indexes(fields, *at, "ports")]
    numbers = [fields.integer(*each) for each in ports]
    if fields.has(*at, "namespace"):
        peers = [namespaces_peer([fields.text(*at, "namespace")])]
        origins = [peer_origin([in_environment(*at, "namespace")])]
    else:
        cidrs = [(*at, "cidrs", i) for i in _indexes(fields, *at, "cidrs")]
        peers = [{"ipBlock": _block(fields, *each)} for each in cidrs]
        origins = [{"ipBlock": {"cidr": in_environment(*each)}} for each in cidrs]
    opened = [{"port": in_environment(*each)} for each in ports for _ in protocols]
    return NetworkRule(_rule(peers, numbers, protocols), {"to": origins, "ports": opened})


def _rule(peers: list[Json], ports: Iterable[int], protocols: Iterable[str]) -> Json:
    wanted = [{"port": port, "protocol": each} for port in ports for each in protocols]
    return {"to": peers, "ports": wanted}


def _indexes(fields: Fields, *pointer: str | int) -> range:
    return range(len(fields.items(*pointer)))


def _block(fields: Fields, *pointer: str | int) -> Json:
    """A range of addresses; a wide one leaves out what only a range of its own opens."""
    network = _cidr(fields, *pointer)
    # By version first: networks of two versions do not compare.
    inside = [
        str(each)
        for each in _OF_NODES
        if each.version == network.version and each != network and each.subnet_of(network)  # type: ignore[arg-type]
    ]
    return {"cidr": str(network), **({"except": inside} if inside else {})}


def _cidr(fields: Fields, *pointer: str | int) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    text = fields.text(*pointer)
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        fields.fail(
            pointer, "render.input", f"{text} is not a range of addresses: {error}",
            "write the first address of the range and its length, such as 10.20.0.0/24",
        )  # fmt: skip
