"""All drifts of what was read, the worst first."""

from collections.abc import Iterator, Mapping, Sequence

from lockstep.differences.folders import FAMILY_LABEL, ObjectId, identity_of, label_of
from lockstep.drift.applications import Healing, healing_of
from lockstep.drift.argocd import ArgocdDrifts
from lockstep.drift.families import family_drifts
from lockstep.drift.hiding import Hiding
from lockstep.drift.objects import ClusterDrifts, orphan
from lockstep.drift.state import (
    CLUSTER_LABEL,
    ENVIRONMENT_LABEL,
    IN_CLUSTER,
    LiveState,
    WantedCluster,
    WantedEnvironment,
)
from lockstep.model.document import Json, value_at
from lockstep.model.drift import Drift, DriftClass

_BY_HAND = Healing(False, "it is applied by hand")
_NOT_IN_GIT = Healing(False, "git has no such cluster")
_RANK = tuple(DriftClass)


def cluster_drifts(
    environments: Sequence[WantedEnvironment], state: LiveState, hiding: Hiding
) -> Iterator[Drift]:
    """The drifts of all clusters and of Argo CD's objects, in no particular order."""
    healing = {
        each: healing_of(each.application, state, hiding)
        for environment in environments
        for each in environment.applied
    }
    arriving = {(each.environment, each.name) for each, own in healing.items() if own.arriving}
    for environment in environments:
        yield from _of_argocd(environment, state, hiding, healing)
        for each in environment.applied:
            if (live := state.at(each.destination)) is not None:
                yield from ClusterDrifts(each, live, healing[each], hiding).found()
        families: dict[str, list[WantedCluster]] = {}
        for cluster in environment.clusters:
            families.setdefault(cluster.family, []).append(cluster)
        for clusters in families.values():
            yield from family_drifts(clusters, state, arriving)
    yield from _orphans(environments, state, healing)


def arranged(drifts: Iterator[Drift] | Sequence[Drift]) -> tuple[Drift, ...]:
    """The drifts by what they mean, the worst first, then by where they are."""
    return tuple(
        sorted(
            drifts,
            key=lambda each: (
                _RANK.index(each.classified), each.environment, each.family, each.region,
                each.cluster, each.drift.value, each.object_kind, each.namespace, each.name,
                each.destination, each.what,
            ),
        )
    )  # fmt: skip


def _of_argocd(
    environment: WantedEnvironment,
    state: LiveState,
    hiding: Hiding,
    healing: Mapping[WantedCluster, Healing],
) -> Iterator[Drift]:
    argocd = state.at(IN_CLUSTER)
    if argocd is None:
        return
    root = healing_of(environment.root, state, hiding)

    def drifts(
        wanted: Json, heals: Healing, own: Healing, cluster: WantedCluster | None = None
    ) -> Iterator[Drift]:
        return ArgocdDrifts(
            environment.name, IN_CLUSTER, argocd, state, heals, hiding, cluster
        ).found(wanted, own)

    if environment.root is not None:
        yield from drifts(environment.root, _BY_HAND, root)
    for each in environment.others:
        yield from drifts(each, root, root)
    for applied in environment.applied:
        if applied.application is not None:
            yield from drifts(applied.application, root, healing[applied], applied)


def _orphans(
    environments: Sequence[WantedEnvironment],
    state: LiveState,
    healing: Mapping[WantedCluster, Healing],
) -> Iterator[Drift]:
    """The live objects with Lockstep's labels that git does not have.

    One object may be read by several names of one API; its uid tells. What belongs to another
    object, as the autoscaler that KEDA makes and gives its own labels, is that one's.
    """
    wanted = _wanted(environments)
    clusters = {(c.environment, c.name): c for each in environments for c in each.clusters}
    whole = {(c.environment, c.family): c for each in environments for c in each.shared if c.family}
    owned = {
        _uid(each)
        for destination, live in state.destinations.items()
        for identity, each in live.objects.items()
        if (destination, identity) in wanted
    }
    names = {each.name for each in environments}
    unread = {identity for destination, identity in wanted if state.at(destination) is None}
    for destination, live in sorted(state.destinations.items()):
        for identity, each in sorted(live.objects.items()):
            uid = _uid(each)
            if uid in owned or identity in unread or _is_controlled(each):
                continue
            environment = label_of(each, ENVIRONMENT_LABEL)
            if environment not in names:
                continue
            owned.add(uid)
            name, family = label_of(each, CLUSTER_LABEL), label_of(each, FAMILY_LABEL)
            cluster = clusters.get((environment, name))
            owner = cluster if name else whole.get((environment, family))
            heals = healing[owner] if owner else _NOT_IN_GIT
            yield orphan(identity, each, environment, cluster, destination, heals)


def _wanted(environments: Sequence[WantedEnvironment]) -> set[tuple[str, ObjectId]]:
    found = {
        (IN_CLUSTER, identity_of(each))
        for environment in environments
        for each in environment.argocd_objects
    }
    return found | {
        (applied.destination, identity_of(each))
        for environment in environments
        for applied in environment.applied
        for each in applied.objects
    }


def _uid(live: Json) -> str:
    """What an API calls an object; without one, what it is."""
    uid = value_at(live, ("metadata", "uid"))
    return uid if isinstance(uid, str) and uid else str(identity_of(live))


def _is_controlled(live: Json) -> bool:
    owners = value_at(live, ("metadata", "ownerReferences"))
    owners = owners if isinstance(owners, list) else []
    return any(value_at(each, ("controller",)) is True for each in owners)
