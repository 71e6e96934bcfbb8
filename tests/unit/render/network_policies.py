"""Whether NetworkPolicies let a connection through, as Kubernetes' documentation says it.

No network plug-in runs here, so nothing is sent: what plug-ins make of a policy is for them. The
union of all policies that select a pod counts; without one, all is let through.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod with its labels, or an address outside of Kubernetes."""

    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    address: str = ""


def lets(
    policies: Iterable[Any], source: End, target: End, port: int, protocol: str = "TCP"
) -> bool:
    """Whether the policies let ``source`` open a connection to a port of ``target``."""
    return _one_way(policies, "Egress", source, target, port, protocol) and _one_way(
        policies, "Ingress", target, source, port, protocol
    )


def _one_way(
    policies: Iterable[Any], way: str, pod: End, other: End, port: int, protocol: str
) -> bool:
    selecting = [
        each["spec"]
        for each in policies
        if each["metadata"]["namespace"] == pod.namespace
        and way in each["spec"]["policyTypes"]
        and _selects(each["spec"]["podSelector"], pod.labels)
    ]
    peers = "to" if way == "Egress" else "from"
    rules = [rule for spec in selecting for rule in spec.get(way.lower(), [])]
    return not selecting or any(
        any(_is_peer(peer, pod, other) for peer in rule[peers])
        and ("ports" not in rule or {"port": port, "protocol": protocol} in rule["ports"])
        for rule in rules
    )


def _is_peer(peer: Any, pod: End, other: End) -> bool:
    if "ipBlock" in peer:
        inside = ipaddress.ip_network(peer["ipBlock"]["cidr"])
        if not other.address:
            return False
        address = ipaddress.ip_address(other.address)
        left_out = map(ipaddress.ip_network, peer["ipBlock"].get("except", []))
        return address in inside and not any(address in each for each in left_out)
    if not other.namespace:
        return False
    if "namespaceSelector" in peer:
        name = {"kubernetes.io/metadata.name": other.namespace}
        return _selects(peer["namespaceSelector"], name)
    return other.namespace == pod.namespace and _selects(peer["podSelector"], other.labels)


def _selects(selector: Any, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items()
    expressions = selector.get("matchExpressions", [])
    for each in expressions:
        among = labels.get(each["key"]) in each["values"]
        if among != {"In": True, "NotIn": False}[each["operator"]]:
            return False
    return all(labels.get(key) == value for key, value in wanted)
