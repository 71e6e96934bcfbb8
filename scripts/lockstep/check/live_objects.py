"""Reads the live objects of all destinations at the same time, each within the time that is left.

One that cannot be read costs no other its comparison.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from lockstep.differences.folders import FAMILY_LABEL, ObjectId, identity_of
from lockstep.drift.state import (
    ARGOCD_GROUP,
    ENVIRONMENT_LABEL,
    IN_CLUSTER,
    MANAGED_LABEL,
    LiveObjects,
    WantedCluster,
    WantedEnvironment,
)
from lockstep.edges import progress
from lockstep.edges.kubernetes import ApiKind, KindNotRead, KubernetesReader, ReadLimits
from lockstep.edges.kubernetes_access import KubernetesAccess
from lockstep.model.document import Json, value_at
from lockstep.model.drift import Unread
from lockstep.model.errors import LockstepError
from lockstep.render.targets.base import Component
from lockstep.render.targets.kubernetes.target import KUBERNETES

_AT_ONCE = 16
_ARGOCD = ("Application", "AppProject")
_PROJECT = "AppProject"


def _kind(api_version: str, kind: str) -> ApiKind:
    group, _, version = api_version.rpartition("/")
    return ApiKind(group, version, kind)


_Components = tuple[Component[Any], ...]


def _kinds(components: _Components) -> frozenset[ApiKind]:
    return frozenset(_kind(each.kind.api_version, each.kind.kind) for each in components)


# An object without git may be of a kind that git no longer has.
_SHARED: _Components = (*KUBERNETES.environment, *KUBERNETES.tenant, *KUBERNETES.place)
_OF_FAMILIES = _kinds(KUBERNETES.family)
_OF_CLUSTERS = _kinds((*KUBERNETES.cluster, *_SHARED))


@dataclass(frozen=True)
class WantedDestination:
    """What is looked for at one destination: objects by identity, with the kinds of them.

    ``families`` says that what watches whole families is applied there, ``clusters`` that anything
    else is: kinds that nothing there has are not asked for.
    """

    name: str
    wanted: Mapping[ObjectId, ApiKind]
    projects: frozenset[tuple[str, str]] = frozenset()
    families: bool = False
    clusters: bool = True

    @property
    def kinds(self) -> list[ApiKind]:
        """Every kind that is listed here."""
        argocd = self.name == IN_CLUSTER
        # Argo CD's own Kubernetes cluster may be that of a region, too.
        region = not argocd or any(each.group != ARGOCD_GROUP for each in self.wanted)
        rendered = _OF_CLUSTERS if self.clusters else frozenset()
        rendered |= _OF_FAMILIES if self.families else frozenset()
        known = {each for each in rendered if (argocd if each.kind in _ARGOCD else region)}
        # By group and kind: git's version of the API counts.
        wanted = {(each.group, each.kind): each for each in self.wanted.values()}
        return sorted({**{(k.group, k.kind): k for k in known}, **wanted}.values())


@dataclass
class LiveRead:
    """What was read by destination, and what could not be."""

    destinations: dict[str, LiveObjects] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)


def destinations_of(environments: Sequence[WantedEnvironment]) -> list[WantedDestination]:
    """The destinations of all clusters, and that of Argo CD, by name."""
    wanted: dict[str, dict[ObjectId, ApiKind]] = {}
    whole: dict[str, set[bool]] = {}
    projects: set[tuple[str, str]] = set()
    for environment in environments:
        for each in environment.argocd_objects:
            wanted.setdefault(IN_CLUSTER, {})[identity_of(each)] = _kind_of(each)
            if project := value_at(each, ("spec", "project")):
                projects.add((identity_of(each).namespace, str(project)))
        for applied in environment.applied:
            if applied.destination:
                here = wanted.setdefault(applied.destination, {})
                here |= {identity_of(each): _kind_of(each) for each in applied.objects}
                whole.setdefault(applied.destination, set()).add(_is_of_family(applied))
    return [
        WantedDestination(
            name, wanted[name], frozenset(projects if name == IN_CLUSTER else ()),
            families=True in whole.get(name, ()), clusters=whole.get(name) != {True},
        )
        for name in sorted(wanted)
    ]  # fmt: skip


def _is_of_family(applied: WantedCluster) -> bool:
    return bool(applied.family and not applied.name)


def read_live(
    destinations: Sequence[WantedDestination], access: KubernetesAccess, labels: str, seconds: float
) -> LiveRead:
    """What all destinations have of what is wanted, and of what ``labels`` selects."""
    end = time.monotonic() + seconds
    read = LiveRead()

    def one(destination: WantedDestination) -> tuple[LiveObjects | None, list[Unread]]:
        left = ReadLimits(max(end - time.monotonic(), 1.0))
        reader = KubernetesReader(access, destination.name, left)
        try:
            return _DestinationRead(reader, destination).all(labels)
        except LockstepError as error:
            return None, [Unread(destination.name, error.located(), error.fix)]
        finally:
            reader.close()

    progress.say("reading the clusters")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = zip(destinations, pool.map(one, destinations), strict=True)
        for number, (destination, (live, unread)) in enumerate(answers, start=1):
            progress.step("read", destination.name, number, len(destinations))
            read.unread += unread
            if live is not None:
                read.destinations[destination.name] = live
    return read


def selector(environments: Collection[str], family: str | None) -> str:
    """The label selector of the objects that Lockstep renders for environments, or one family."""
    chosen = f"{MANAGED_LABEL}=lockstep,{ENVIRONMENT_LABEL} in ({','.join(sorted(environments))})"
    return f"{chosen},{FAMILY_LABEL}={family}" if family else chosen


@dataclass
class _DestinationRead:
    """The reading of one destination."""

    reader: KubernetesReader
    destination: WantedDestination
    found: dict[ObjectId, Json] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    refused: set[tuple[str, str]] = field(default_factory=set)
    unserved: set[tuple[str, str]] = field(default_factory=set)

    def all(self, labels: str) -> tuple[LiveObjects, list[Unread]]:
        """Every kind; raises LockstepError where the API cannot be asked at all."""
        for kind in self.destination.kinds:
            try:
                self._kind(kind, labels)
            except KindNotRead as error:
                self.refused.add((kind.group, kind.kind))
                self.unread.append(
                    Unread(f"{self.destination.name} {kind}", error.located(), error.fix)
                )
        live = LiveObjects(self.found, frozenset(self.refused), frozenset(self.unserved))
        return live, self.unread

    def _kind(self, kind: ApiKind, labels: str) -> None:
        if not self.reader.serves(kind):
            self.unserved.add((kind.group, kind.kind))
            return
        self.found |= {identity_of(each): each for each in self.reader.objects(kind, labels)}
        # Without its labels an object is not listed, and still there.
        known = {each: each for each, own in self.destination.wanted.items() if own == kind}
        places = [(each.namespace, each.name) for each in known if each not in self.found]
        if kind.kind == _PROJECT:
            listed = {(each.namespace, each.name) for each in self.found}
            places += sorted(self.destination.projects - {*places} - listed)
        for namespace, name in places:
            if (each := self.reader.object(kind, namespace, name)) is not None:
                self.found[identity_of(each)] = each


def _kind_of(manifest: Json) -> ApiKind:
    return _kind(str(manifest.get("apiVersion", "")), str(manifest.get("kind", "")))
