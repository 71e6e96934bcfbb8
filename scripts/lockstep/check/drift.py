"""Compares the followed branch with what is live: clusters, Argo CD and the registry."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lockstep.check.differences import secret_kinds
from lockstep.check.live_objects import WantedDestination, destinations_of, read_live, selector
from lockstep.check.served_versions import RegistryRead, read_registry
from lockstep.check.validation import validate_tree, without_malformed
from lockstep.check.wanted_objects import WantedReader
from lockstep.check.workspace import SOURCES, require_clusters, with_shipped
from lockstep.differences.folders import identity_of
from lockstep.drift.applications import synced_revision
from lockstep.drift.hiding import Hiding
from lockstep.drift.judge import arranged, cluster_drifts
from lockstep.drift.state import IN_CLUSTER, LiveObjects, LiveState, WantedEnvironment
from lockstep.edges import progress
from lockstep.edges.git import Git
from lockstep.edges.git.objects import is_object_id
from lockstep.edges.kubernetes_access import KubernetesAccess
from lockstep.model.document import Json, value_at
from lockstep.model.drift import Compared, Drift, DriftReport, Unread
from lockstep.model.errors import UsageError
from lockstep.model.fleet import Family, Fleet
from lockstep.spec.selection import choose_families
from lockstep.text.phrases import alternatives
from lockstep.text.sanitise import quoted


@dataclass(frozen=True)
class DriftRequest:
    """What is compared, and how.

    ``destinations`` are the only ones that are asked; all are where it is empty. ``registry`` is an
    address, ``with_registry`` false leaves the registry out. ``seconds`` bound the reading of all
    clusters together, and that of the registry after it.
    """

    now: datetime
    family: str | None = None
    environment: str | None = None
    access: KubernetesAccess = field(default_factory=KubernetesAccess)
    destinations: tuple[str, ...] = ()
    registry: str | None = None
    with_registry: bool = True
    seconds: float = 60.0


def compare_live(git: Git, commit: str, shown: str, asked: DriftRequest) -> DriftReport:
    """What differs from a commit of the followed branch, which ``shown`` names.

    Raises UsageError for a family, an environment or a destination that does not exist, and
    NothingToCheck where no cluster is declared. What cannot be read is in the report.
    """
    tree = with_shipped(git.read_tree(commit, SOURCES))
    require_clusters(tree)
    checked = validate_tree(tree)
    fleet = without_malformed(checked)
    # From all families: a malformed one must not be reported as a name that does not exist.
    chosen = {f.folder for f in choose_families(checked.fleet, asked.family, asked.environment)}
    families = [each for each in fleet.families() if each.folder in chosen]
    unread = [Unread(f"{f.file}:{f.line}", f.message, f.fix) for f in checked.invalid]

    reader = WantedReader(git, commit)
    environments = list(_environments(fleet, families, reader, whole=asked.family is None))
    live = _Live(git, commit, environments, asked)
    drifts = live.drifts()
    if asked.with_registry:
        progress.say("asking the registry")
    registry = _registry(fleet, families, asked)
    return DriftReport(
        shown, commit, live.compared(registry.versions), arranged([*drifts, *registry.drifts]),
        (*unread, *reader.unread, *live.unread, *registry.unread),
    )  # fmt: skip


def _environments(
    fleet: Fleet, families: Sequence[Family], reader: WantedReader, *, whole: bool
) -> Iterator[WantedEnvironment]:
    for name in dict.fromkeys(each.environment for each in families):
        own = [each for each in families if each.environment == name]
        yield reader.environment(fleet.environments[name], own, whole=whole)


def _registry(fleet: Fleet, families: Sequence[Family], asked: DriftRequest) -> RegistryRead:
    if not asked.with_registry:
        return RegistryRead()
    return read_registry(fleet, families, asked.registry, asked.now, asked.seconds)


class _Live:
    """What was read of all destinations, and held against a commit."""

    def __init__(
        self, git: Git, commit: str, environments: list[WantedEnvironment], asked: DriftRequest
    ) -> None:
        self._git, self._commit, self._environments = git, commit, environments
        self._folders = dict(self._named_folders())
        self._now = asked.now
        every = destinations_of(environments)
        self._left = _left_out(every, asked.destinations)
        names = {each.name for each in environments}
        # A name with a slash says the environment, too.
        family = asked.family.rpartition("/")[2] if asked.family else None
        read = read_live(
            [each for each in every if each.name not in self._left],
            asked.access, selector(names, family), asked.seconds,
        )  # fmt: skip
        self._live = read.destinations
        self.unread = [*self._unknown_regions(), *read.unread]

    def drifts(self) -> list[Drift]:
        """All drifts of clusters and of Argo CD's objects."""
        hiding = Hiding(secret_kinds())
        tips = self._tips()
        state = LiveState(self._live, self._now, self._trees(tips), tips)
        return list(cluster_drifts(self._environments, state, hiding))

    def compared(self, versions: int) -> Compared:
        """How much was compared."""
        applied = [
            each
            for environment in self._environments
            for each in environment.applied
            if each.destination in self._live
        ]
        clusters = sum(1 for each in applied if each.name)
        applications = [
            each
            for environment in self._environments
            for each in environment.argocd_objects
            if IN_CLUSTER in self._live and identity_of(each).kind == "Application"
        ]
        objects = sum(len(each.objects) for each in applied)
        return Compared(clusters, objects, len(applications), versions, tuple(sorted(self._left)))

    def _unknown_regions(self) -> Iterator[Unread]:
        for environment in self._environments:
            for each in environment.clusters:
                if not each.destination:
                    yield Unread(
                        f"{each.environment}/{each.name}",
                        f"environment.yaml has no destination for the region {each.region}",
                        "add destination to the region, the name of its cluster in Argo CD",
                    )

    def _tips(self) -> dict[str, str]:
        """The tree id of the folder of each Application at the tip, by the path that it names."""
        ids = self._tree_ids(self._commit, self._folders.values())
        return {path: ids[own] for path, own in self._folders.items() if own in ids}

    def _tree_ids(self, commit: str, folders: Iterable[str]) -> dict[str, str]:
        """The tree id of each folder that a commit has."""
        by_depth: dict[int, set[str]] = {}
        for each in folders:
            by_depth.setdefault(each.count("/"), set()).add(each)
        found: dict[str, str] = {}
        for same in by_depth.values():  # git lists no folder beside one that is in it
            found |= self._git.object_ids(commit, sorted(same))
        return found

    def _named_folders(self) -> Iterator[tuple[str, str]]:
        """The path that each Application names, with that of the folder in this repository."""
        for environment in self._environments:
            for each in environment.argocd_objects:
                path = value_at(each, ("spec", "source", "path"))
                if isinstance(path, str):
                    # The fleet may be in a folder of its repository.
                    yield path, path.removeprefix(self._git.prefix).rstrip("/")

    def _trees(self, tips: dict[str, str]) -> dict[tuple[str, str], str]:
        """The tree ids of these folders at the commits that Argo CD has compared with."""
        argocd = self._live.get(IN_CLUSTER, LiveObjects())
        wanted: dict[str, set[str]] = {}
        for environment in self._environments:
            for each in environment.argocd_objects:
                live: Json = argocd.objects.get(identity_of(each))
                path = str(value_at(each, ("spec", "source", "path")))
                revision = synced_revision(live) if live else ""
                if path in tips and is_object_id(revision):
                    wanted.setdefault(revision, set()).add(path)
        found: dict[tuple[str, str], str] = {}
        for revision, named in sorted(wanted.items()):
            if self._git.has_objects(revision):
                own = {path: self._folders[path] for path in named}
                ids = self._tree_ids(revision, own.values())
                # A folder that did not exist then: another content, and known.
                found |= {(revision, path): ids.get(own[path], "absent") for path in named}
        return found


def _left_out(every: Sequence[WantedDestination], chosen: Sequence[str]) -> set[str]:
    """The destinations that are not asked. Raises UsageError for one that does not exist."""
    names = {each.name for each in every}
    for each in chosen:
        if each not in names:
            raise UsageError(
                f"no cluster here has the destination {quoted(each, 80)}",
                fix=f"choose from {alternatives(sorted(names))}",
            )
    return names - {*chosen} if chosen else set()
