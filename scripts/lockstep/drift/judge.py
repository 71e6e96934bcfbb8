"""All drifts of what was read, the worst first."""

from collections.abc import Iterator, Mapping, Sequence

from lockstep.differences.folders import ObjectId, identity_of, label_of
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
_RANK = tuple(DriftClass)


def cluster_drifts(
    environments: Sequence[WantedEnvironment], state: LiveState, hiding: Hiding
) -> Iterator[Drift]:
    """The drifts of all clusters and of Argo CD's objects, in no particular order."""
    healing = {
        (each.environment, each.name): healing_of(each.application, state, hiding)
        for environment in environments
        for each in environment.clusters
    }
    arriving = {key for key, known in healing.items() if known.arriving}
    for environment in environments:
        yield from _of_argocd(environment, state, hiding, healing)
        families: dict[str, list[WantedCluster]] = {}
        for cluster in environment.clusters:
            families.setdefault(cluster.family, []).append(cluster)
            live = state.at(cluster.destination)
            if live is not None:
                known = healing[environment.name, cluster.name]
                yield from ClusterDrifts(cluster, live, known, hiding).found()
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
    healing: Mapping[tuple[str, str], Healing],
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
    for cluster in environment.clusters:
        if cluster.application is not None:
            own = healing[environment.name, cluster.name]
            yield from drifts(cluster.application, root, own, cluster)


def _orphans(
    environments: Sequence[WantedEnvironment],
    state: LiveState,
    healing: Mapping[tuple[str, str], Healing],
) -> Iterator[Drift]:
    """The live objects with Lockstep's labels that git does not have.

    One object may be read by several names of one API; its uid tells. What belongs to another
    object, as the autoscaler that KEDA makes and gives its own labels, is that one's.
    """
    wanted = _wanted(environments)
    clusters = {(c.environment, c.name): c for each in environments for c in each.clusters}
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
            key = (environment, label_of(each, CLUSTER_LABEL))
            heals = healing.get(key, Healing(False, "git has no such cluster"))
            yield orphan(identity, each, environment, clusters.get(key), destination, heals)


def _wanted(environments: Sequence[WantedEnvironment]) -> set[tuple[str, ObjectId]]:
    found = {
        (IN_CLUSTER, identity_of(each))
        for environment in environments
        for each in environment.argocd_objects
    }
    return found | {
        (cluster.destination, identity_of(each))
        for environment in environments
        for cluster in environment.clusters
        for each in cluster.objects
    }


def _uid(live: Json) -> str:
    """What an API calls an object; without one, what it is."""
    uid = value_at(live, ("metadata", "uid"))
    return uid if isinstance(uid, str) and uid else str(identity_of(live))


def _is_controlled(live: Json) -> bool:
    owners = value_at(live, ("metadata", "ownerReferences"))
    owners = owners if isinstance(owners, list) else []
    return any(value_at(each, ("controller",)) is True for each in owners)
