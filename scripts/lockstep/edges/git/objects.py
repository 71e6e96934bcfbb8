"""git's objects: blobs, trees and commits are read and made without touching index or files."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lockstep.edges import scratch
from lockstep.edges.files import LARGEST, LINK, TOO_LARGE, symlink_error
from lockstep.edges.git.object_reader import GitObject
from lockstep.edges.git.trees import FileId, GitTrees
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.tree import Tree
from lockstep.text.sanitise import last_part, one_line

_OBJECT_ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")  # SHA-1 or SHA-256
_SYMLINK = "120000"
_SUBMODULE = "160000"

ABSENT = "absent"
"""In the place of a blob's id: there is no file at the path."""

_CHANGE = re.compile(rb":\d{6} (\d{6}) ([0-9a-f]+) ([0-9a-f]+) [A-Z]\0([^\0]+)\0")

# A snapshot is only read again, never published. A fixed author and date give it the same id in
# each run, and make it possible where git does not know who commits.
_SNAPSHOT_AUTHOR = {
    f"GIT_{role}_{fact}": value
    for role in ("AUTHOR", "COMMITTER")
    for fact, value in (
        ("NAME", "lockstep"), ("EMAIL", "lockstep@example.com"), ("DATE", "2000-01-01T00:00:00Z"),
    )
}  # fmt: skip


def is_object_id(text: str) -> bool:
    """Whether a text is the whole id of an object of git, such as a commit."""
    return bool(_OBJECT_ID.fullmatch(text))


class RawChange(NamedTuple):
    """One changed file: its mode afterwards, its blobs before and afterwards, its path."""

    mode: str
    before: str
    after: str
    path: str


def raw_changes(raw: bytes) -> Iterator[RawChange]:
    """What ``git diff-tree -r -z`` or ``git log --raw -z --format=`` lists, with full ids."""
    for mode, before, after, path in _CHANGE.findall(raw):
        yield RawChange(mode.decode(), _blob(before), _blob(after), os.fsdecode(path))


def _blob(oid: bytes) -> str:
    # git writes zeros for a file that is not there.
    return oid.decode() if oid.strip(b"0") else ABSENT


def submodule_error(path: str) -> Invalid:
    """The error for a submodule at a path: another repository decides what is in it."""
    text = "this is a submodule: changes of its files do not show in this repository"
    return Invalid(text, where=path, fix="replace it with the files themselves")


class GitObjects(GitTrees):
    """Reads and makes blobs, trees and commits of one repository.

    Blobs are kept while the object lives: a run reads the tips of several commits, and most of
    their files are the same.
    """

    def __init__(self, root: Path, prefix: str = "") -> None:
        super().__init__(root, prefix)
        self._kept: dict[str, bytes] = {}

    def read_tree(self, commit: str, folders: Sequence[str], *, links: bool = False) -> Tree:
        """Every file below the folders in a commit or tree; no file where it lacks the fleet.

        Raises Invalid for submodules and symbolic links: this repository does not hold what they
        point at. With ``links`` a link is a NoFile in the tree, as a huge file always is.
        """
        return self._read(*self._listed_files(commit, folders), links=links)

    def read_tree_with_ids(
        self, commit: str, folders: Sequence[str]
    ) -> tuple[Tree, dict[str, str]]:
        """The files of ``read_tree``, and the id of the blob of each by its path."""
        ids, sizes = self._listed_files(commit, folders)
        return self._read(ids, sizes, links=False), {path: oid for path, (_, oid) in ids.items()}

    def read_files(self, ids: Mapping[str, FileId], *, links: bool = False) -> Tree:
        """The files of ``file_ids``, or of a part of them; raises as ``read_tree`` does."""
        return self._read(ids, None, links=links)

    def _read(
        self, ids: Mapping[str, FileId], sizes: Mapping[str, int] | None, *, links: bool
    ) -> Tree:
        for path, (mode, _) in ids.items():
            if mode == _SUBMODULE:
                raise submodule_error(path)
            if mode == _SYMLINK and not links:
                raise symlink_error(path)
        blobs = self._blobs({oid for mode, oid in ids.values() if mode != _SYMLINK}, sizes)
        return {p: LINK if mode == _SYMLINK else blobs[oid] for p, (mode, oid) in ids.items()}

    def read_objects(self, oids: Sequence[str]) -> list[bytes]:
        """The bytes of blobs by id, as ``blobs`` gives them."""
        known = self.blobs(oids)
        return [known[oid] for oid in oids]

    def blobs(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of blobs by id; that of a huge file is a NoFile, and is not read.

        Raises LockstepError where this clone lacks one.
        """
        return self._blobs(set(oids), None)

    def _blobs(self, wanted: set[str], sizes: Mapping[str, int] | None) -> dict[str, bytes]:
        unknown = sorted(wanted - self._kept.keys())
        if unknown:
            known = self._sizes(unknown) if sizes is None else sizes
            self._kept.update((oid, TOO_LARGE) for oid in unknown if known[oid] > LARGEST)
            small = [oid for oid in unknown if known[oid] <= LARGEST]
            self._kept.update(zip(small, self._contents(small), strict=True))
        return {oid: self._kept[oid] for oid in wanted}

    def _sizes(self, oids: Sequence[str]) -> dict[str, int]:
        found = self._ask("info", oids)
        if found is not None:
            return {oid: _present(oid, each).size for oid, each in zip(oids, found, strict=True)}
        heads = self._output("cat-file", "--batch-check", stdin=_lines(oids)).split(b"\n")[:-1]
        return dict(zip(oids, map(_size, heads), strict=True))

    def _contents(self, oids: Sequence[str]) -> Iterator[bytes]:
        """The bytes of blobs by id, from one git process: one for each file would take minutes."""
        found = self._ask("contents", oids)
        if found is not None:
            yield from (_present(oid, each).data for oid, each in zip(oids, found, strict=True))
            return
        out = self._output("cat-file", "--batch", stdin=_lines(oids)) if oids else b""
        at = 0
        for _ in oids:
            # A header is an id, a type and a size: far fewer than 200 bytes.
            head, _, _ = out[at : at + 200].partition(b"\n")
            size = _size(head)
            at += len(head) + 1
            yield out[at : at + size]
            at += size + 1

    def has_objects(self, *oids: str) -> bool:
        """Whether this clone holds all of these objects (a shallow clone may not)."""
        # Ids come from records: a branch's name or a second line must not pass for an object.
        if any(not is_object_id(oid) for oid in oids):
            return False
        return b" missing\n" not in self._output("cat-file", "--batch-check", stdin=_lines(oids))

    def write_tree(self, base: str | None, changes: Mapping[str, bytes | None]) -> str:
        """The id of the tree of ``base`` with files written, or deleted where None.

        Made with an index of its own, so that the user's index and files stay as they are. Raises
        LockstepError for a path that git does not store.
        """
        with self._index() as env:
            if base is not None:
                self._output("read-tree", base, env=env)
            written = {path: data for path, data in changes.items() if data is not None}
            # Never executable: no file of a fleet is a program.
            lines = [b"100644 " + oid + b"\t" + os.fsencode(self.prefix + path)
                     for path, oid in zip(written, self._hash(written), strict=True)]  # fmt: skip
            zero = b"0" * 40
            # Mode 0 removes a path; git does not look the id up.
            lines += [
                b"0 " + zero + b"\t" + os.fsencode(self.prefix + path)
                for path, data in changes.items()
                if data is None
            ]
            done = self._run("update-index", "-z", "--index-info", env=env,
                             stdin=b"\0".join([*lines, b""]))  # fmt: skip
            # git leaves out a path such as .git/config with a warning, and exits with 0.
            if done.returncode or "Ignoring path" in done.error_text:
                raise self._failure("update-index", done)
            return self._output("write-tree", env=env).decode().strip()

    def _hash(self, files: Mapping[str, bytes]) -> list[bytes]:
        """Store the bytes of files as blobs, as they are; their ids.

        By way of numbered files: git hashes many from a list of paths in one process. Without
        filters, because attributes of the repository must not change what is committed.
        """
        with scratch.folder() as folder:
            names = []
            for number, data in enumerate(files.values()):
                name = os.path.join(folder, str(number))
                Path(name).write_bytes(data)
                names.append(os.fsencode(name) + b"\n")
            return self._output("hash-object", "-w", "--no-filters", "--stdin-paths",
                            stdin=b"".join(names)).split()  # fmt: skip

    @contextmanager
    def _index(self) -> Iterator[dict[str, str]]:
        """The environment for an index of its own, empty, which goes afterwards."""
        with scratch.folder() as folder:
            yield {"GIT_INDEX_FILE": os.path.join(folder, "index")}

    def commit_tree(self, tree: str, parents: Sequence[str], message: str) -> str:
        """Make a commit object that no branch names yet; its id. Signed where the user signs."""
        args = [part for parent in parents for part in ("-p", parent)]
        signs = self._run("config", "--type=bool", "--get", "commit.gpgSign").stdout
        if signs.strip() == b"true":  # only git commit follows this setting by itself
            args.append("-S")
        made = self._output("commit-tree", *args, "-F", "-", tree, stdin=message.encode())
        return made.decode().strip()

    def snapshot(self, tree: str, parents: Sequence[str]) -> str:
        """A commit of a tree that no branch names."""
        args = [part for parent in parents for part in ("-p", parent)]
        made = self._output("commit-tree", *args, "-F", "-", tree, stdin=b"", env=_SNAPSHOT_AUTHOR)
        return made.decode().strip()

    def merge(self, ours: str, theirs: str) -> str:
        """The tree of the merge of two commits.

        Raises LockstepError where they conflict, naming the files, or share no history here.
        """
        done = self._run("merge-tree", "--write-tree", "--name-only", "-z", "--no-messages",
                         ours, theirs)  # fmt: skip
        tree, *conflicts = os.fsdecode(done.stdout).rstrip("\0").split("\0")
        if done.returncode == 0:
            return tree
        # 1 means a conflict; any other status is a failure of git.
        if done.returncode == 1:
            files = one_line(", ".join(sorted(set(filter(None, conflicts)))), 500)
            raise LockstepError(
                f"the change does not merge with its base; files in conflict: {files}",
                fix="merge the base into your branch, then run it again",
            )
        raise LockstepError(
            f"git cannot merge the change with its base: {last_part(done.error_text, 300)}",
            fix="fetch the history of both, for example with fetch-depth: 0",
        )


def _present(oid: str, found: GitObject | None) -> GitObject:
    if found is None:
        raise _missing(f"{oid} missing")
    return found


def _lines(oids: Iterable[str]) -> bytes:
    return "".join(f"{oid}\n" for oid in oids).encode()


def _size(head: bytes) -> int:
    """The size that the header of an object says: an id, a type and a size."""
    facts = head.split(b" ")
    if len(facts) != 3:  # missing, or a short id that several objects have
        raise _missing(head.decode(errors="replace"))
    return int(facts[2])


def _missing(text: str) -> LockstepError:
    return LockstepError(f"git does not have the object {text}", fix="git fetch")
