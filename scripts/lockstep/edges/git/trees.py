"""git's trees: the modes and ids of what is in them, by path; no file is read."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Literal, Self

from lockstep.edges.git.object_reader import GitObject, ObjectReader, Unanswered, tree_entries
from lockstep.edges.git.references import GitReferences

_FOLDER = "040000"

FileId = tuple[str, str]
"""The mode and the object id of a file in a tree."""


class GitTrees(GitReferences):
    """Lists the trees of one repository."""

    def __init__(self, root: Path, prefix: str = "") -> None:
        super().__init__(root, prefix)
        self._reader: ObjectReader | None = None

    @contextmanager
    def _reading(self) -> Iterator[Self]:
        """The same repository, where one git answers all questions about objects meanwhile."""
        made = copy(self)
        made._reader = ObjectReader(lambda: made._talk("cat-file", "--batch-command", "--buffer"))
        try:
            yield made
        finally:
            made._reader.close()

    def _ask(
        self, what: Literal["info", "contents"], names: Sequence[str]
    ) -> list[GitObject | None] | None:
        """See ObjectReader.ask; None where it does not answer, or there is none."""
        try:
            return self._reader.ask(what, names) if self._reader else None
        except Unanswered:
            return None

    def resolve(self, reference: str) -> str | None:
        """The commit that a reference names, or None (see GitReferences.resolve)."""
        found = self._ask("info", [f"{reference}^{{commit}}"])
        if found is None:
            return super().resolve(reference)
        return found[0].oid if found[0] else None

    def object_ids(self, tree: str, paths: Sequence[str]) -> dict[str, str]:
        """The blob or tree id of each path that exists in a commit or tree."""
        return {path: oid for path, (_, oid) in self.entry_ids(tree, paths).items()}

    def entry_ids(self, tree: str, paths: Sequence[str]) -> dict[str, FileId]:
        """The mode and id of each path that exists in a commit or tree.

        A path that ends in a slash stands for everything directly in that folder.
        """
        known = self._entries_at(tree, paths)
        if known is not None:
            return known
        # Without a path, git would list everything.
        listed = os.fsdecode(self._list(tree, paths)) if paths else ""
        entries: dict[str, FileId] = {}
        for entry in listed.split("\0")[:-1]:
            facts, _, path = entry.partition("\t")
            mode, _, oid = facts.split(" ")
            entries[path] = (mode, oid)
        return entries

    def _entries_at(self, tree: str, paths: Sequence[str]) -> dict[str, FileId] | None:
        """The same by the reader; None where it does not answer."""
        if self._reader is None:
            return None
        folders = list(dict.fromkeys(path.rpartition("/")[0] for path in paths))
        names = [f"{tree}:{self.prefix}{folder}".rstrip("/") for folder in folders]
        found = self._ask("contents", [f"{tree}^{{tree}}", *names])
        if found is None or found[0] is None:  # git ls-tree will say why
            return None
        inside = {
            folder: dict(_children(each))
            for folder, each in zip(folders, found[1:], strict=True)
            if each
        }
        entries: dict[str, FileId] = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            here = inside.get(folder, {})
            if not name:
                entries |= {path + below: entry for below, entry in here.items()}
            elif name in here:
                entries[path] = here[name]
        return entries

    def _walk(self, tree: str, paths: Sequence[str]) -> dict[str, FileId] | None:
        """Every file at or below paths by the reader; None where it does not answer."""
        waiting = self._entries_at(tree, paths)
        files: dict[str, FileId] = {}
        while waiting:
            files |= {path: entry for path, entry in waiting.items() if entry[0] != _FOLDER}
            folders = {p.rstrip("/"): e[1] for p, e in waiting.items() if e[0] == _FOLDER}
            oids = list(dict.fromkeys(folders.values()))
            found = self._ask("contents", oids)
            if found is None or None in found:
                return None
            inside = {oid: list(_children(each)) for oid, each in zip(oids, found, strict=True)}
            waiting = {
                f"{path}/{name}": entry
                for path, oid in folders.items()
                for name, entry in inside[oid]
            }
        return dict(sorted(files.items())) if waiting is not None else None

    def file_ids(self, commit: str, folders: Sequence[str]) -> dict[str, FileId]:
        """The mode and id of every file below the folders in a commit or tree, by path.

        Links and submodules are among them. No file is read.
        """
        listed = self._entries(commit, folders)
        return {path: (mode, oid) for path, (mode, _, oid) in listed}

    def files_named(self, name: str, commit: str, folders: Sequence[str]) -> list[str]:
        """The paths of the files of one name in the folders of a commit or tree, and below them."""
        # The other paths stay bytes: there are as many as the fleet has files.
        listed = self._list(commit, folders, "-r", "--name-only").split(b"\0")
        ending = os.fsencode(f"/{name}")
        return [os.fsdecode(path) for path in listed if path.endswith(ending)]

    def _entries(
        self, commit: str, folders: Sequence[str], *options: str
    ) -> Iterator[tuple[str, list[str]]]:
        """The path of each file, and what ``git ls-tree`` says of it: mode, type, id, (size)."""
        # With -z, because a hostile name may hold a line break.
        listed = self._list(commit, folders, "-r", *options).decode(errors="surrogateescape")
        for entry in listed.split("\0")[:-1]:
            facts, _, path = entry.partition("\t")
            yield path, facts.split()

    def _list(self, tree: str, paths: Sequence[str], *options: str) -> bytes:
        """What ``git ls-tree`` says of paths below the fleet's folder in a commit or tree."""
        folder = f"{tree}:{self.prefix.rstrip('/')}" if self.prefix else tree
        done = self._run("ls-tree", "-z", "--full-tree", *options, folder, "--", *paths)
        # A commit from before the fleet came to the repository has no such folder.
        if done.returncode and self.prefix and self._run("cat-file", "-e", tree).returncode == 0:
            return b""
        if done.returncode:
            raise self._failure("ls-tree", done)
        return done.stdout

    def _listed_files(
        self, commit: str, folders: Sequence[str]
    ) -> tuple[dict[str, FileId], dict[str, int] | None]:
        """The mode and id of each file by path, and if it is known the size of each blob."""
        # Without a path, git lists everything.
        known = self._walk(commit, folders) if folders else None
        if known is not None:
            return known, None
        ids, sizes = dict[str, FileId](), dict[str, int]()
        # With sizes: for them alone another git process would have to be started.
        for path, (mode, _, oid, size) in self._entries(commit, folders, "-l"):
            ids[path], sizes[oid] = (mode, oid), 0 if size == "-" else int(size)
        return ids, sizes


def _children(tree: GitObject | None) -> Iterator[tuple[str, FileId]]:
    """The entries of a tree by name; none of what is not a tree."""
    if tree and tree.kind == "tree":
        for mode, oid, name in tree_entries(tree):
            yield os.fsdecode(name), (mode, oid)
