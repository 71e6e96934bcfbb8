"""What may reach pods, and what they may reach: ``spec.network`` of an environment.

Ends of connections are given as the rules of a NetworkPolicy, which knows addresses and labels of
namespaces, but no names of DNS.
"""

import ipaddress
from collections.abc import Iterable

from lockstep.model.document import Json
from lockstep.model.fleet import Environment, Family
from lockstep.render.fields import Fields
from lockstep.render.observability import read_namespace
from lockstep.render.targets.kubernetes.virtualservice import MESH

NETWORK = ("spec", "network")
TENANTS = ("spec", "tenants")
_DNS = [{"namespace": "kube-system", "ports": [53]}]
_ISTIOD = [{"namespace": "istio-system", "ports": [15012]}]
_OTLP = (4317, 4318)
"""The ports on which a collector of OpenTelemetry listens, by gRPC and by HTTP."""

_NAMESPACE = "kubernetes.io/metadata.name"
"""The label with its name that Kubernetes gives to each namespace."""


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


def has_network(environment: Environment) -> bool:
    """Whether the namespaces of tenants are closed."""
    return Fields(environment.document).has(*NETWORK)


def read_egress(environment: Environment) -> list[Json]:
    """What the pods of every tenant may reach. Raises Unrenderable."""
    fields = Fields(environment.document)
    rules: list[Json] = [{"to": [OWN_PODS]}]
    rules += _rules(fields, "dns", ("UDP", "TCP"), _DNS) + _rules(fields, "istiod", default=_ISTIOD)
    for name in ("registry", "egress"):
        rules += _rules(fields, name)
    watched = read_namespace(environment)
    if watched is not None and fields.has("spec", "observability", "openTelemetry"):
        rules.append(_rule([namespaces_peer([watched])], _OTLP, ("TCP",)))
    return rules


def read_gateways(fields: Fields, *pointer: str | int) -> list[str]:
    """The namespaces of the Gateways in a list; those of the mesh have none."""
    if not fields.has(*pointer):
        return []
    named = [fields.text(*pointer, index) for index, _ in enumerate(fields.items(*pointer))]
    return [name.partition("/")[0] for name in named if name != MESH]


def further_gateways(environment: Environment) -> list[str]:
    """The namespaces of gateways that run elsewhere than their Gateway is."""
    fields, here = Fields(environment.document), (*NETWORK, "gatewayNamespaces")
    if not fields.has(*here):
        return []
    return [fields.text(*here, index) for index, _ in enumerate(fields.items(*here))]


def read_callers(environment: Environment, tenant: str) -> list[str]:
    """The namespaces that call the clusters of a tenant. Raises Unrenderable."""
    fields = Fields(environment.document)
    for index, _ in enumerate(fields.items(*TENANTS)):
        here = (*TENANTS, index, "callers")
        if fields.text(*TENANTS, index, "name") == tenant and fields.has(*here):
            return [fields.text(*here, at) for at, _ in enumerate(fields.items(*here))]
    return []


def read_network(fields: Fields, family: Family, environment: Environment) -> dict[str, Json]:
    """What of the network is said by policies of a cluster; empty where it is open.

    ``authorization`` has the mode and the namespaces that may call; ``featureWriters`` the rules
    for what a cluster that writes features may reach. ``fields`` are the cluster's. Raises
    Unrenderable.
    """
    written = Fields(environment.document)
    if not written.has(*NETWORK) or not written.has(*TENANTS):
        return {}
    network: dict[str, Json] = {}
    if written.has(*NETWORK, "authorization"):
        network["authorization"] = {
            "mode": written.text(*NETWORK, "authorization"),
            "namespaces": _authorized(fields, family, environment),
        }
    writers = _rules(written, "featureWriters")
    if writers and fields.has("spec", "features", "writes"):
        # With the rest, so that it cuts nothing off where it is applied before the policy of the
        # namespace.
        network["featureWriters"] = [*read_egress(environment), *writers]
    return network


def _authorized(fields: Fields, family: Family, environment: Environment) -> list[str]:
    tenant = Fields(family.document).text("metadata", "tenant")
    named = read_gateways(fields, "spec", "gateways")
    index = environment.region_index(fields.text("spec", "region"))
    if not fields.has("spec", "gateways") and index is not None:
        region = Fields(environment.document)
        named = read_gateways(region, "spec", "regions", index, "gateways")
    found = {*named, *(further_gateways(environment) if named else ())}
    found |= {*read_callers(environment, tenant)}
    if not found:
        fields.fail(
            ("spec", "gateways"), "render.no-callers",
            f"nothing may call this cluster: it has no gateway, and tenant {tenant} has no callers",
            f"list the namespaces of its callers in spec.tenants of {environment.document.path}, "
            "or give the cluster a gateway",
        )  # fmt: skip
    return sorted(found)


def _rules(
    fields: Fields, name: str, protocols: Iterable[str] = ("TCP",), default: Json = None
) -> list[Json]:
    here = (*NETWORK, name)
    if not fields.has(*here):
        return [
            _rule([namespaces_peer([each["namespace"]])], each["ports"], protocols)
            for each in default or ()
        ]
    rules = []
    for index, _ in enumerate(fields.items(*here)):
        at = (*here, index)
        ports = [fields.integer(*at, "ports", i) for i in _indexes(fields, *at, "ports")]
        if fields.has(*at, "namespace"):
            peers = [namespaces_peer([fields.text(*at, "namespace")])]
        else:
            cidrs = [_cidr(fields, *at, "cidrs", i) for i in _indexes(fields, *at, "cidrs")]
            peers = [{"ipBlock": {"cidr": each}} for each in cidrs]
        rules.append(_rule(peers, ports, protocols))
    return rules


def _rule(peers: list[Json], ports: Iterable[int], protocols: Iterable[str]) -> Json:
    wanted = [{"port": port, "protocol": each} for port in ports for each in protocols]
    return {"to": peers, "ports": wanted}


def _indexes(fields: Fields, *pointer: str | int) -> range:
    return range(len(fields.items(*pointer)))


def _cidr(fields: Fields, *pointer: str | int) -> str:
    text = fields.text(*pointer)
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        fields.fail(
            pointer, "render.input", f"{text} is not a range of addresses: {error}",
            "write the first address of the range and its length, such as 10.20.0.0/24",
        )  # fmt: skip
    return str(network)
