"""Which versions serve: by the routes in git, and by those that are live."""

from collections.abc import Iterable, Mapping, Sequence

from lockstep.differences.fields import FieldDifference
from lockstep.differences.folders import VERSION_LABEL, label_of
from lockstep.differences.weights import ROUTES, routes_of, subset_versions
from lockstep.drift.state import CLUSTER_LABEL, LiveObjects, WantedCluster
from lockstep.model.document import Json, value_at

Shares = Mapping[str, int]
"""The largest weight that each version has in any route, in percent; none of weight 0."""

_ROUTE_FIELDS = frozenset(
    {
        "route", "match", "mirror", "mirrors", "mirrorPercentage", "mirrorPercent", "redirect",
        "rewrite", "delegate", "fault", "directResponse", "destination",
    }
)  # fmt: skip
_MODEL = ("MODEL_URI", "MODEL_DIGEST", "MODEL_VERSION")


def shares(routes: Iterable[Json], rules: Iterable[Json]) -> Shares:
    """The weight of each version by VirtualServices and DestinationRules.

    A subset without a version is its own name.
    """
    versions = subset_versions(rules)
    found: dict[str, int] = {}
    for each in routes:
        for _, destinations in routes_of(each):
            for to in destinations:
                if to.weight > 0:
                    version = versions.get(to.subset) or to.subset or to.host
                    found[version] = max(to.weight, found.get(version, 0))
    return dict(sorted(found.items()))


def git_shares(cluster: WantedCluster) -> Shares:
    """What git says that a cluster serves: by its routes, or its pods where it has none."""
    return _shares(
        cluster.kind(ROUTES), cluster.kind("DestinationRule"), cluster.kind("Deployment")
    )


def live_shares(cluster: WantedCluster, live: LiveObjects) -> Shares | None:
    """What a cluster serves; None where that could not be read."""
    if any(kind in _KINDS for _, kind in live.unread):
        return None
    own = {kind: live.of_cluster(cluster, kind) for kind in _KINDS}
    return _shares(own[ROUTES], own["DestinationRule"], own["Deployment"])


_KINDS = (ROUTES, "DestinationRule", "Deployment")


def _shares(routes: Sequence[Json], rules: Sequence[Json], deployments: Sequence[Json]) -> Shares:
    if routes:
        return shares(routes, rules)
    # Without routes, the Service sends requests to every pod.
    running = {
        label_of(each, VERSION_LABEL): 100
        for each in deployments
        if value_at(each, ("spec", "replicas"), 1) != 0
    }
    return dict(sorted(running.items()))


def describe(found: Shares) -> str:
    """``41 90%, 42 10%``."""
    return ", ".join(f"{version} {weight}%" for version, weight in found.items()) or "nothing"


def moves_traffic(kind: str, found: FieldDifference) -> bool:
    """Whether a field decides which version answers a request."""
    at = [str(part) for part in found.pointer]
    if at[:1] != ["spec"]:
        return False
    if kind in (ROUTES, "HTTPRoute"):
        inside = at[1:2] in (["http"], ["tcp"], ["tls"], ["rules"])
        return at[1:2] in (["hosts"], ["gateways"], ["exportTo"]) or (
            inside and (len(at) <= 3 or at[3] in _ROUTE_FIELDS)
        )
    if kind == "DestinationRule":
        return at[1:2] in (["subsets"], ["host"], ["exportTo"])
    return kind == "Service" and at[1:2] == ["selector"]


def changes_model(kind: str, found: FieldDifference) -> bool:
    """Whether a field decides which model, and which program, the pods of a version are."""
    at = [str(part) for part in found.pointer]
    if kind != "Deployment" or at[:2] != ["spec", "template"]:
        return False
    if at[3:4] not in (["containers"], ["initContainers"]):
        return at[2:4] == ["metadata", "labels"] and (
            len(at) == 4 or at[4] in (VERSION_LABEL, CLUSTER_LABEL)
        )
    if len(at) <= 5:  # a whole container
        return True
    return at[5] in ("image", "command", "args") or (
        at[5] == "env" and (len(at) == 6 or at[6] in _MODEL)
    )
