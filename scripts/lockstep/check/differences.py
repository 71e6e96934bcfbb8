"""What a change does to the manifests and the policies: read from git, where ids differ only.

The change and its base are those of the check: the merge of the work tree, as git would store it,
with the tip of the base.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lockstep.check.base import Base, merged_with_base
from lockstep.check.change import FOLDERS, SHARED
from lockstep.check.compared_policies import compared_policies
from lockstep.check.scope import TreeIds
from lockstep.check.units import Unit
from lockstep.check.workspace import EVERYTHING, require_clusters
from lockstep.differences.compare import compare_folders
from lockstep.differences.folders import FAMILY_LABEL, ComparedFolder, label_of
from lockstep.differences.secrets import SecretKinds
from lockstep.edges.git import Git
from lockstep.edges.git.trees import FileId
from lockstep.edges.resources import shipped_file
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.differences import Differences, FleetDiff
from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Fleet, NoFile, Subject, Tree
from lockstep.model.tree import by_folder
from lockstep.policy.thresholds import threshold_values
from lockstep.render.parse import Unreadable, read_manifest
from lockstep.spec.assemble import assemble, cluster_files
from lockstep.spec.yaml.load import Documents

UNREADABLE = "diff.unreadable"
"""The rule id of a manifest that cannot be read."""

MANIFESTS = (".yaml", ".yml", ".json")
"""What the names of manifests end with, of all that Argo CD would read."""

_SECRETS = "policies/rules/no-secret/thresholds.yaml"
_AT_BASE = "at the base, "
_FIX = "lockstep render"


def secret_kinds() -> SecretKinds:
    """What looks like a secret, by the rule that ships: no report shows it."""
    return SecretKinds(threshold_values(_SECRETS, shipped_file(_SECRETS)))


def diff_work_tree(git: Git, base: str | None) -> Differences:
    """The difference between the base and the merge of the work tree with it.

    Without a base, before a first commit, everything is new. Raises UsageError where ``base`` is
    not a commit, LockstepError where the change does not merge with it, and NothingToCheck where
    neither side declares a cluster.
    """
    git.require_work_tree()
    with git.storing() as storing:
        merged, found = merged_with_base(storing, storing.work_tree_id(EVERYTHING), base)
        return diff_trees(storing, found, merged)


def diff_trees(git: Git, base: Base | None, tree_id: str) -> Differences:
    """The difference between a base and a tree; raises NothingToCheck as diff_work_tree does."""
    head = _Side(TreeIds.of(git, tree_id, SHARED))
    before = _Side(TreeIds.of(git, base.commit, SHARED) if base else TreeIds(git, tree_id))
    require_clusters({**head.clusters, **before.clusters})
    reader = _ManifestReader()
    # rapidyaml prints what it refuses; git must have answered before, and is asked no more.
    folders = list(_Compared(before, head).folders())
    policies, findings = compared_policies(before.ids, head.ids)
    with silenced_stderr():
        compared = [reader.compared(*each) for each in folders]
    secrets = secret_kinds()
    sizes = Counter((environment, family) for environment, family, _ in head.clusters.values())
    objects = compare_folders([*compared, policies], sizes, secrets)
    diff = FleetDiff(
        base=base.name if base else "",
        commit=base.commit if base else "",
        clusters=len({(each.environment, each.cluster) for each in objects if each.cluster}),
        of=len({*head.clusters.values(), *before.clusters.values()}),
        objects=objects,
    )
    return Differences(diff, arrange([*reader.findings, *findings]))


@dataclass(frozen=True)
class _Side:
    """One side of the change: its ids, and the files that declare its clusters."""

    ids: TreeIds

    @cached_property
    def specs(self) -> Mapping[str, FileId]:
        """The mode and id of each file below clusters/."""
        # A base that does not exist is a side without anything.
        return self.ids.git.file_ids(self.ids.tree, FOLDERS[:1]) if self.ids.families else {}

    @cached_property
    def clusters(self) -> Mapping[str, Subject]:
        """The cluster that each file declares, by the path."""
        return cluster_files(self.specs)

    @cached_property
    def by_name(self) -> Mapping[Unit, tuple[str, str]]:
        """The family and the path of each cluster, by environment and name."""
        return {(env, name): (family, path) for path, (env, family, name) in self.clusters.items()}

    def rendered(self) -> dict[str, tuple[str, str]]:
        """The mode and id of each folder of manifests, by its path."""
        others = {p: e for p, e in self.ids.others.items() if p.startswith("rendered/")}
        return {**self.ids.rendered, **others}

    def read(self, folders: Collection[str]) -> Tree:
        """The files below folders of manifests."""
        known = [each for each in folders if each in self.ids.others]
        shared = self.ids.git.read_tree(self.ids.tree, known, links=True) if known else {}
        return {**self.ids.read_rendered(folders), **shared}

    def fleet(
        self, wanted: Collection[Unit], environments: Collection[str], documents: Documents
    ) -> Fleet:
        """The specs of some clusters and environments; the files of no others are read."""
        found = [self.by_name[each][1] for each in wanted if each in self.by_name]
        paths = {*found, *(f"{path.rpartition('/')[0]}/family.yaml" for path in found)}
        paths |= {f"clusters/{name}/environment.yaml" for name in environments}
        chosen = {path: each for path, each in self.specs.items() if path in paths}
        return assemble(self.ids.git.read_files(chosen, links=True), documents)[0]


class _Compared:
    """The folders of manifests that differ between two sides."""

    def __init__(self, before: _Side, head: _Side) -> None:
        self._sides = (before, head)
        was, now = before.rendered(), head.rendered()
        self._paths = sorted(p for p in {*was, *now} if was.get(p) != now.get(p))
        clusters = [_cluster_of(path) for path in self._paths]
        environments = {environment for environment, _ in clusters}
        wanted = {each for each in clusters if each[1]}
        documents = Documents()
        self._fleets = [side.fleet(wanted, environments, documents) for side in self._sides]
        self._regions = {
            (each.environment, each.name): each.region
            for fleet in self._fleets  # the head comes last and counts
            for each in fleet.clusters()
        }

    def folders(self) -> Iterator[tuple[ComparedFolder, Tree, Tree]]:
        """Each folder that directly holds files, without its objects; its files on both sides."""
        before, after = (by_folder(side.read(self._paths)) for side in self._sides)
        for path in sorted({*before, *after}):
            environment, cluster = _cluster_of(path)
            folder = ComparedFolder(
                environment, self._family(path), cluster,
                self._regions.get((environment, cluster), ""), self._is_production(environment),
            )  # fmt: skip
            yield folder, before.get(path, {}), after.get(path, {})

    def _family(self, path: str) -> str:
        environment, cluster = _cluster_of(path)
        known = [side.by_name.get((environment, cluster)) for side in reversed(self._sides)]
        parts = path.split("/")
        if not cluster and parts[2:3] == ["families"]:
            return "".join(parts[3:4])
        return next((each[0] for each in known if each), "")

    def _is_production(self, environment: str) -> bool:
        """On one of the sides: what is not known to be something else is production."""
        homes = [fleet.environments.get(environment) for fleet in self._fleets]
        tiers = [value_at(home.spec, ("tier",), "production") for home in homes if home]
        return not tiers or "production" in tiers


class _ManifestReader:
    """Parses manifests, each text once, and collects those that cannot be read."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._known: dict[bytes, Json] = {}

    def compared(self, folder: ComparedFolder, was: Tree, now: Tree) -> ComparedFolder:
        """The folder with the objects that its files hold on both sides."""
        wrong = len(self.findings)
        before, after = self._objects(was, _AT_BASE), self._objects(now, "")
        # What cannot be read on one side must not look as if it were added or removed.
        for unread in {finding.file for finding in self.findings[wrong:]}:
            before.pop(unread, None)
            after.pop(unread, None)
        manifests = [*after.values(), *before.values()]
        # Where no spec declares the cluster, its manifests say whose it was.
        labels = (label_of(each, FAMILY_LABEL) for each in manifests if folder.cluster)
        family = folder.family or next(filter(None, labels), "")
        return replace(folder, family=family, before=before, after=after)

    def _objects(self, files: Tree, side: str) -> dict[str, Json]:
        found = {}
        for path, data in files.items():
            if isinstance(data, NoFile):
                self._note(path, 1, side + data.decode(), NoFile.FIX)
            elif path.endswith(MANIFESTS):
                try:
                    found[path] = self._parsed(data)
                except Unreadable as error:
                    self._note(path, error.line, f"{side}{error}", _FIX)
        return found

    def _parsed(self, data: bytes) -> Json:
        if data not in self._known:
            self._known[data] = read_manifest(data)
        return self._known[data]

    def _note(self, path: str, line: int, message: str, fix: str) -> None:
        self.findings.append(Finding(path, line, 1, UNREADABLE, message, fix))


def _cluster_of(path: str) -> tuple[str, str]:
    """The environment of a path below rendered/, and its cluster; empty where it has none."""
    parts = path.split("/")
    inside = len(parts) > 3 and parts[2] == "clusters"
    return "".join(parts[1:2]), parts[3] if inside else ""
