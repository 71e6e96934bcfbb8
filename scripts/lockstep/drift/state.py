"""What is compared: the objects that git says, by cluster, and what was read of each API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from lockstep.differences.folders import ObjectId, identity_of, items_of, label_of
from lockstep.model.document import Json, Pointer, from_json_pointer, value_at

CLUSTER_LABEL = "lockstep.dev/cluster"
ENVIRONMENT_LABEL = "lockstep.dev/environment"
MANAGED_LABEL = "app.kubernetes.io/managed-by"
ARGOCD_GROUP = "argoproj.io"
IN_CLUSTER = "in-cluster"
"""The name that Argo CD gives to the Kubernetes cluster in which it runs."""


@dataclass(frozen=True, eq=False)
class WantedCluster:
    """A cluster as git says it: its objects in its region, and its Application.

    ``variants`` are those of its spec. ``destination`` is empty where its region is not known. What
    is applied for a whole family or tenant is the same without name, region and variants.
    """

    environment: str
    family: str
    name: str
    region: str
    destination: str
    objects: tuple[Json, ...]
    application: Json | None
    variants: tuple[Json, ...] = ()

    @cached_property
    def identities(self) -> frozenset[ObjectId]:
        """What its objects are known by."""
        return frozenset(map(identity_of, self.objects))

    @cached_property
    def ignored(self) -> Mapping[ObjectId, frozenset[Pointer]]:
        """The fields of each object that Argo CD was asked to ignore."""
        entries = items_of(self.application, "spec", "ignoreDifferences")
        return {
            known: frozenset(pointer for each in entries for pointer in _pointers(each, known))
            for known in self.identities
        }

    @cached_property
    def autoscaled(self) -> Mapping[str, int]:
        """The smallest number of pods of each Deployment that an autoscaler scales, by its name."""
        found = {}
        for each in self.objects:
            target = value_at(each, ("spec", "scaleTargetRef"), {})
            if isinstance(target, dict) and target.get("kind") == "Deployment":
                least = each["spec"].get("minReplicas", each["spec"].get("minReplicaCount", 0))
                found[str(target.get("name"))] = least if isinstance(least, int) else 0
        return found

    @property
    def versions(self) -> frozenset[str]:
        """The versions that git names here, those without weight too."""
        return frozenset(str(each.get("version")) for each in self.variants)

    @property
    def arms(self) -> frozenset[str]:
        """The versions that only an experiment serves: they are no skew."""
        arms = {str(v.get("version")) for v in self.variants if v.get("experiment") is True}
        return frozenset(arms - self.roles)

    @property
    def roles(self) -> frozenset[str]:
        """The versions in a role."""
        return frozenset(
            str(v.get("version")) for v in self.variants if v.get("experiment") is not True
        )

    def kind(self, kind: str) -> list[Json]:
        """Its objects of one kind."""
        return [each for each in self.objects if each.get("kind") == kind]


@dataclass(frozen=True, eq=False)
class WantedEnvironment:
    """What git says of an environment.

    ``root`` is the app of apps, None where git has none; ``others`` are AppProjects and the rest
    that is in Argo CD's cluster. ``shared`` is what is applied for whole families and tenants.
    """

    name: str
    root: Json | None
    others: tuple[Json, ...]
    clusters: tuple[WantedCluster, ...]
    shared: tuple[WantedCluster, ...] = ()

    @property
    def applied(self) -> tuple[WantedCluster, ...]:
        """All that has an Application of its own."""
        return (*self.clusters, *self.shared)

    @property
    def argocd_objects(self) -> Iterator[Json]:
        """All objects in Argo CD's cluster, those of the clusters too."""
        if self.root is not None:
            yield self.root
        yield from self.others
        yield from (each.application for each in self.applied if each.application is not None)


@dataclass(frozen=True, eq=False)
class LiveObjects:
    """What was read of one API: its objects, by identity.

    ``unread`` are the kinds (group and kind) that could not be read, ``unserved`` those that the
    API does not have.
    """

    objects: Mapping[ObjectId, Json] = field(default_factory=dict)
    unread: frozenset[tuple[str, str]] = frozenset()
    unserved: frozenset[tuple[str, str]] = frozenset()

    def knows(self, identity: ObjectId) -> bool:
        """Whether it is known if the object is there."""
        return (identity.group, identity.kind) not in self.unread

    def of_cluster(self, cluster: WantedCluster, kind: str) -> list[Json]:
        """The objects of one kind that are a cluster's in git or by their labels, by name."""
        labelled = self._labelled.get((cluster.environment, cluster.name), frozenset())
        found = (labelled | cluster.identities) & self.objects.keys()
        return [self.objects[each] for each in sorted(found) if each.kind == kind]

    @cached_property
    def projects(self) -> list[Json]:
        """The AppProjects."""
        return [each for identity, each in self.objects.items() if identity.kind == "AppProject"]

    @cached_property
    def _labelled(self) -> Mapping[tuple[str, str], frozenset[ObjectId]]:
        """The objects by the environment and the cluster that their labels name."""
        found: dict[tuple[str, str], set[ObjectId]] = {}
        for identity, each in self.objects.items():
            place = label_of(each, ENVIRONMENT_LABEL), label_of(each, CLUSTER_LABEL)
            found.setdefault(place, set()).add(identity)
        return {place: frozenset(each) for place, each in found.items()}


@dataclass(frozen=True, eq=False)
class LiveState:
    """All that was read: by destination, and of git what Argo CD says that it has compared with.

    A destination that could not be read at all is not in ``destinations``. ``trees`` has the tree
    id of a folder at a commit: ``absent`` where the commit has no such folder, and nothing where
    this clone does not have the commit. ``tips`` are those at the followed tip, by folder. ``now``
    is the time of the comparison.
    """

    destinations: Mapping[str, LiveObjects]
    now: datetime
    trees: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tips: Mapping[str, str] = field(default_factory=dict)

    def at(self, destination: str) -> LiveObjects | None:
        """What was read of a destination; None where it could not be."""
        return self.destinations.get(destination)


def _pointers(entry: Json, known: ObjectId) -> Iterator[Pointer]:
    wanted = (("group", known.group), ("kind", known.kind), ("name", known.name),
              ("namespace", known.namespace))  # fmt: skip
    if all(entry.get(key, value) in (value, "*") for key, value in wanted):
        for text in entry.get("jsonPointers") or []:
            if isinstance(text, str):
                yield from_json_pointer(text)
