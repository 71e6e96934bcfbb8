"""How the requests of a cluster's routes are split among versions, on each side of a change."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from lockstep.differences.fields import FieldDifference
from lockstep.differences.folders import VERSION_LABEL, ComparedFolder, ComparedObject, items_of
from lockstep.model.differences import ChangeType, WeightChange
from lockstep.model.document import Json, value_at

ROUTES = "VirtualService"
_PROTOCOLS = ("http", "tcp")
_MOST = 1_000_000


class Destination(NamedTuple):
    """Where a part of a route's requests goes: the subset, the host, the port, the weight."""

    subset: str
    host: str
    port: str
    weight: int


def routes_of(manifest: Json | None) -> Iterator[tuple[tuple[str, str], list[Destination]]]:
    """The routes of a VirtualService: protocol and label of each, and its destinations."""
    for protocol in _PROTOCOLS:
        for index, route in enumerate(items_of(manifest, "spec", protocol)):
            label = route.get("name", value_at(route, ("match", 0, "port"), index))
            yield (protocol, str(label)), list(_destinations(items_of(route, "route")))


def versions_of(folder: ComparedFolder, *, head: bool) -> dict[str, str]:
    """The version that each subset stands for, by the DestinationRules of one side."""
    return subset_versions(folder.of_kind("DestinationRule", head=head))


def subset_versions(rules: Iterable[Json]) -> dict[str, str]:
    """The version that each subset of some DestinationRules stands for; empty without a label."""
    return {
        str(subset.get("name")): str(value_at(subset, ("labels", VERSION_LABEL), ""))
        for rule in rules
        for subset in items_of(rule, "spec", "subsets")
    }


def shares_of(folder: ComparedFolder, *, head: bool) -> dict[str, int]:
    """The largest weight that each version has in any route of one side; none of weight 0."""
    versions = versions_of(folder, head=head)
    shares: dict[str, int] = {}
    for manifest in folder.of_kind(ROUTES, head=head):
        for _, destinations in routes_of(manifest):
            for each in destinations:
                version = versions.get(each.subset) or each.subset
                if each.weight > 0:
                    shares[version] = max(each.weight, shares.get(version, 0))
    return shares


def weight_changes(each: ComparedObject) -> tuple[WeightChange, ...]:
    """How the split of each route changes; nothing for an object that is added or removed."""
    if each.id.kind != ROUTES or each.change is not ChangeType.CHANGED:
        return ()
    before, after = dict(routes_of(each.before)), dict(routes_of(each.after))
    old, new = (versions_of(each.folder, head=head) for head in (False, True))
    found: list[WeightChange] = []
    for route in before:
        if route in after:
            was, now = _by_version(before[route], old), _by_version(after[route], new)
            name = route[1] if route[0] == "http" else f"port {route[1]}"
            found += [
                WeightChange(name, version, was.get(version, 0), now.get(version, 0))
                for version in dict.fromkeys((*was, *now))
                if was.get(version, 0) != now.get(version, 0)
            ]
    return tuple(found)


def without_weights(each: ComparedObject) -> list[FieldDifference]:
    """The fields that differ, without those that weight_changes says already."""
    if not weight_changes(each):
        return list(each.fields)
    plain = _plain_routes(each)
    return [found for found in each.fields if not _is_weight(found, plain)]


def _is_weight(found: FieldDifference, plain: set[tuple[str, str]]) -> bool:
    at = [str(part) for part in found.pointer]
    if len(at) < 5 or at[0] != "spec" or at[3] != "route" or (at[1], at[2]) not in plain:
        return False
    # Either the weight alone, or a destination that comes or goes.
    return at[5:] == ["weight"] or (len(at) == 5 and None in (found.before, found.after))


def _plain_routes(each: ComparedObject) -> set[tuple[str, str]]:
    """The routes of which all destinations are the same but for subset and weight."""
    before, after = dict(routes_of(each.before)), dict(routes_of(each.after))
    return {
        route
        for route in before
        if route in after and len({(d.host, d.port) for d in (*before[route], *after[route])}) == 1
    }


def _destinations(routes: list[Json]) -> Iterator[Destination]:
    for each in routes:
        subset, host, port = (
            str(value_at(each, ("destination", *key), ""))
            for key in (("subset",), ("host",), ("port", "number"))
        )
        weight = each.get("weight")
        # Istio sends everything to a single destination, whatever its weight.
        number = min(weight, _MOST) if type(weight) is int and weight >= 0 else 0
        yield Destination(subset, host, port, 100 if len(routes) == 1 else number)


def _by_version(destinations: list[Destination], versions: Mapping[str, str]) -> dict[str, int]:
    shares: dict[str, int] = {}
    for each in destinations:
        version = versions.get(each.subset) or each.subset or each.host
        shares[version] = shares.get(version, 0) + each.weight
    return shares
