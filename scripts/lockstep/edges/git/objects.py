"""git's objects: blobs, trees and commits are read and made without touching index or files."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lockstep.edges import scratch
from lockstep.edges.files import symlink_error
from lockstep.edges.git.references import GitReferences
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.fleet import Tree
from lockstep.text.sanitise import last_part, one_line

_OBJECT_ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")  # SHA-1 or SHA-256
_SYMLINK = b"120000"
SUBMODULE = b"160000"
"""The mode of a submodule in trees and in the index."""

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


class GitObjects(GitReferences):
    """Reads and makes blobs, trees and commits of one repository.

    Blobs are kept while the object lives: a run reads the tips of several commits, and most of
    their files are the same.
    """

    def __init__(self, root: Path, prefix: str = "") -> None:
        super().__init__(root, prefix)
        self._kept: dict[bytes, bytes] = {}

    def read_tree(self, commit: str, folders: Sequence[str]) -> Tree:
        """Every file below the folders in a commit or tree; no file where it lacks the fleet.

        Raises Invalid for symbolic links and submodules: this repository does not hold what they
        point at.
        """
        # With -z, because a hostile name may hold a line break.
        out = self._list(commit, folders, "-r")
        names: list[tuple[str, bytes]] = []
        for entry in out.split(b"\0")[:-1]:
            facts, _, path = entry.partition(b"\t")
            mode, _, oid = facts.split(b" ")
            if mode == _SYMLINK:
                raise symlink_error(os.fsdecode(path))
            if mode == SUBMODULE:
                raise submodule_error(os.fsdecode(path))
            names.append((path.decode(errors="surrogateescape"), oid))
        unknown = list({oid for _, oid in names} - self._kept.keys())
        self._kept.update(zip(unknown, self._blobs(unknown), strict=True))
        return {path: self._kept[oid] for path, oid in names}

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

    def read_objects(self, oids: Sequence[str]) -> list[bytes]:
        """The bytes of blobs by id. Raises LockstepError where this clone lacks one."""
        return list(self._blobs([oid.encode() for oid in oids]))

    def _blobs(self, oids: Sequence[bytes]) -> Iterator[bytes]:
        """The bytes of blobs by id, from one git process: one for each file would take minutes."""
        if not oids:
            return
        out = self._output("cat-file", "--batch", stdin=b"".join(oid + b"\n" for oid in oids))
        at = 0
        for _ in oids:
            # A header is an id, a type and a size: far fewer than 200 bytes.
            head, _, _ = out[at : at + 200].partition(b"\n")
            facts = head.split(b" ")
            if len(facts) != 3:  # missing, or a short id that several objects have
                text = head.decode(errors="replace")
                raise LockstepError(f"git does not have the object {text}", fix="git fetch")
            size = int(facts[2])
            at += len(head) + 1
            yield out[at : at + size]
            at += size + 1

    def object_ids(self, tree: str, paths: Sequence[str]) -> dict[str, str]:
        """The blob or tree id of each path that exists in a commit or tree."""
        # Without a path, git would list everything.
        out = self._list(tree, paths) if paths else b""
        ids = {}
        for entry in out.split(b"\0")[:-1]:
            facts, _, path = entry.partition(b"\t")
            ids[os.fsdecode(path)] = facts.split(b" ")[2].decode()
        return ids

    def has_objects(self, *oids: str) -> bool:
        """Whether this clone holds all of these objects (a shallow clone may not)."""
        # Ids come from records: a branch's name or a second line must not pass for an object.
        if any(not _OBJECT_ID.fullmatch(oid) for oid in oids):
            return False
        listed = "".join(f"{oid}\n" for oid in oids).encode()
        return b" missing\n" not in self._output("cat-file", "--batch-check", stdin=listed)

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

    def snapshot(self, parent: str, changes: Mapping[str, bytes | None]) -> str:
        """A commit of ``parent`` with files written, or deleted where None; no branch names it."""
        tree = self.write_tree(parent, changes)
        made = self._output(
            "commit-tree", "-p", parent, "-F", "-", tree, stdin=b"", env=_SNAPSHOT_AUTHOR
        )
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
