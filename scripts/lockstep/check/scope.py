"""Which families a change touches: those whose result reads something that it changes.

Scope and key are one function: all that the result of a family reads is listed by ``reads``. A
family is touched when the list at the tip of the base differs from that in the merge result, and
the result is kept under a digest of both. Contents count by git's object ids, so the files of
others are not read.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lockstep.check.change import FOLDERS
from lockstep.check.families import Families
from lockstep.check.units import OF_FAMILIES, Unit, rendered_folder_of, unit_of
from lockstep.check.workspace import require_clusters
from lockstep.edges.git import Git
from lockstep.edges.git.trees import FileId
from lockstep.model.fleet import Tree
from lockstep.model.times import is_ahead, parse_time
from lockstep.rollout.quarantine import binding

_TREE = "040000"
_MANY = 100
"""Families that are read one by one; for more, listing all files at once is faster."""


@dataclass(frozen=True)
class TreeIds:
    """The object ids of one commit or tree, by what a check reads together.

    ``families`` has the ids of the folders in clusters/ and ledger/ of each family, ``rendered``
    that of each folder of a cluster or family, ``others`` the entries that belong to none, by path.
    """

    git: Git
    tree: str
    families: Mapping[Unit, tuple[FileId | None, FileId | None]] = field(default_factory=dict)
    rendered: Mapping[str, FileId] = field(default_factory=dict)
    others: Mapping[str, FileId] = field(default_factory=dict)

    @classmethod
    def of(cls, git: Git, tree: str, shared: Iterable[str]) -> "TreeIds":
        """The ids of a tree; ``shared`` are the paths that all families share."""
        tops = git.entry_ids(tree, [*(f"{folder}/" for folder in FOLDERS), *shared])
        others = {path: each for path, each in tops.items() if not _is_folder(path, each)}
        inside = git.entry_ids(tree, [f"{path}/" for path in tops if path not in others])
        homes = [p for p, e in inside.items() if _is_of_families(p) and e[0] == _TREE]
        inside |= git.entry_ids(tree, [f"{path}/" for path in homes])
        families: dict[Unit, list[FileId | None]] = {}
        rendered: dict[str, FileId] = {}
        for path, entry in inside.items():
            top, environment, name, *below = path.split("/")
            if top == "rendered" and below and entry[0] == _TREE:
                rendered[path] = entry
            elif top != "rendered" and entry[0] == _TREE:
                ids = families.setdefault((environment, name), [None, None])
                ids[FOLDERS.index(top)] = entry
            elif path not in homes:
                others[path] = entry
        found = {unit: (ids[0], ids[1]) for unit, ids in families.items()}
        return cls(git, tree, found, rendered, others)

    def environment(self, name: str) -> FileId | None:
        """The id of an environment's own file; None where there is none."""
        return self.others.get(f"clusters/{name}/environment.yaml")

    def require_clusters(self) -> None:
        """Raise NothingToCheck for a tree without specs, which must not pass as a clean fleet."""
        if len(self.families) <= _MANY:
            require_clusters(self.git.file_ids(self.tree, FOLDERS[:1]))

    def read_others(self, tops: Collection[str] = ()) -> Tree:
        """The files that belong to no family, without those of folders of clusters and families.

        With ``tops`` only those whose path begins with one of them.
        """
        paths = [path for path in self.others if not tops or path.startswith(tuple(tops))]
        return self.git.read_tree(self.tree, paths, links=True) if paths else {}

    def read_left(self, folders: Collection[str]) -> Tree:
        """The files of folders of clusters and families that are none of ``folders``."""
        left = [path for path in self.rendered if path not in folders]
        return self.git.read_tree(self.tree, left, links=True) if left else {}

    def read_rendered(self, folders: Iterable[str]) -> Tree:
        """The files of folders of clusters and families under rendered/."""
        known = [folder for folder in folders if folder in self.rendered]
        if len(known) > _MANY:
            wanted = set(known)
            ids = self.git.file_ids(self.tree, ["rendered"])
            chosen = {
                path: each for path, each in ids.items() if rendered_folder_of(path) in wanted
            }
            return self.git.read_files(chosen, links=True)
        return self.git.read_tree(self.tree, known, links=True) if known else {}

    def read_families(self, units: Collection[Unit]) -> Tree:
        """The files in clusters/ and ledger/ of families."""
        known = {unit for unit in units if unit in self.families}
        if len(known) > _MANY:
            ids = self.git.file_ids(self.tree, FOLDERS[:2])
            chosen = {path: each for path, each in ids.items() if unit_of(path) in known}
            return self.git.read_files(chosen, links=True)
        paths = [f"{top}/{e}/{f}" for e, f in sorted(known) for top in FOLDERS[:2]]
        return self.git.read_tree(self.tree, paths, links=True) if paths else {}


@dataclass(frozen=True)
class Side:
    """One side of a change: its ids, its families, and the freezes in force by environment."""

    ids: TreeIds
    families: Families
    freezes: Mapping[str, str]
    now: datetime

    def reads(self, unit: Unit) -> tuple[object, ...]:
        """All that the result of a family reads on this side of a change, the rules left out.

        Its own files, its environment's and what is wrong with that, its rendered folders, the
        quarantine entries that bind it, what its predecessor has verified, the freezes in force,
        whether its skew has lasted too long, and whether one of its records is from the future.
        """
        summary = self.families.summaries.get(unit)
        if summary is None:
            return ()
        environment, family = unit
        folders = tuple(self.ids.rendered.get(folder) for folder in summary.folders)
        entries = binding(self.families.held(environment), family, summary.bound)
        skewed = bool(summary.skew_ends) and self.now > parse_time(summary.skew_ends)
        ahead = bool(summary.decided) and is_ahead(summary.decided, self.now)
        return (
            self.ids.families.get(unit), self.ids.environment(environment), folders,
            repr(entries), repr(self.families.verified_before(unit)),
            self.freezes.get(environment), skewed, ahead,
            repr(self.families.about.get(environment)),
        )  # fmt: skip


def _is_folder(path: str, entry: FileId) -> bool:
    """Whether an entry directly in one of FOLDERS is a folder: that of an environment."""
    return entry[0] == _TREE and path.count("/") == 1


def _is_of_families(path: str) -> bool:
    top, _, name = path.split("/")
    return top == "rendered" and name in OF_FAMILIES
