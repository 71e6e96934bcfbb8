"""Brings a checked-out branch forward, so that a run that is killed at any moment does no harm.

``git merge --ff-only`` would leave ``index.lock``, and files that are half of one commit and half
of another. Here each file is exchanged by one rename, then the index, then the reference. So each
file is always that of a known commit: the next run recognises it and goes on. What people have
changed is in no known commit. It is never touched, and their checkout stays behind instead.
"""

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import scratch
from lockstep.edges.git.objects import ABSENT, raw_changes
from lockstep.edges.git.remotes import GitRemotes
from lockstep.edges.os_errors import advice, reason
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line

LOCK_MARK = "index-lock"
"""The file that ``index.lock`` is a link to, while a run holds it."""

_BUSY = "index.lock is there: another git command is at work, or was killed"
_PATIENCE, _INSTANT = 20, 0.05
"""How often to look whether a lock is gone, and seconds between."""

_OTHER = "other"
"""What is no file that git stores in one blob: a folder, a link, a conflict in the index."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """By path the mode and blob of each file afterwards, and the blobs that it may have before."""

    after: Mapping[str, tuple[str, str]]
    known: Mapping[str, frozenset[str]]

    def mine(self, found: Mapping[str, str]) -> list[str]:
        """The paths at which people have put something that is in none of the commits."""
        return [path for path, ids in self.known.items() if found[path] not in ids]


class Busy(LockstepError):
    """Another git holds the index, so that no file was touched."""


class GitCheckout(GitRemotes):
    """The files and the index of one work tree."""

    def obstacle(self, base: str, commit: str) -> str:
        """Why the files of ``base`` cannot become those of ``commit``; empty if they can.

        That is what people have changed in the files that differ between the two commits.
        """
        top = self._at_top()
        # As bring_forward will see it, which could say no more where this was too hasty.
        return _BUSY if is_taken(top._lock) else top._obstacle(top._exchange(base, commit))

    def bring_forward(self, base: str, commit: str) -> str:
        """Give files, index and checked-out branch the state of ``commit``.

        ``base`` is the commit whose files they have now. Gives what of people's is in the way,
        for which everything stays as it is, or empty text. Raises Busy before any file is touched,
        and LockstepError where it could not be finished: doing the same again finishes it.
        """
        top = self._at_top()
        try:
            with top._locked_index() as folder:
                exchange = top._exchange(base, commit)
                return top._obstacle(exchange) or top._bring_forward(exchange, commit, folder)
        except OSError as error:
            raise LockstepError(
                f"the files could not be brought forward: {reason(error)}",
                where=str(error.filename or top.root),
                fix=advice(error, "check that you may write there, then run it again"),
            ) from error

    def _exchange(self, base: str, commit: str) -> _Exchange:
        changed = self._output("diff-tree", "-r", "-z", "--no-renames", base, commit)
        # What is in between, too: a run that was killed may have brought a file to any of it.
        between = self._output("log", "-m", "--raw", "-z", "--no-renames", "--no-abbrev",
                               "--format=", f"{base}..{commit}")  # fmt: skip
        after, known = {}, dict[str, set[str]]()
        for mode, old, new, path in raw_changes(changed):
            after[path] = (mode, new)
            known[path] = {old, new}
        for _, old, new, path in raw_changes(between):
            if path in known:
                known[path] |= {old, new}
        return _Exchange(after, {path: frozenset(ids) for path, ids in known.items()})

    def _obstacle(self, exchange: _Exchange) -> str:
        paths = exchange.after
        mine = exchange.mine(self._files(paths)) or exchange.mine(self._staged(paths))
        if not mine:
            return ""
        more = f" and {len(mine) - 3} more" if mine[3:] else ""
        return one_line(f"it has changes of yours in {', '.join(mine[:3])}{more}", 400)

    def _files(self, paths: Iterable[str]) -> dict[str, str]:
        """The blob that git would make of each file, by its own filters for line endings."""
        found = {path: _kind(self.root / path) for path in paths}
        files = [path for path, kind in found.items() if not kind]
        names = b"".join(os.fsencode(path) + b"\n" for path in files)
        ids = self._output("hash-object", "--stdin-paths", stdin=names).decode().split()
        return found | dict(zip(files, ids, strict=True))

    def _staged(self, paths: Iterable[str]) -> dict[str, str]:
        """The blob of each path in the index."""
        found = dict.fromkeys(paths, ABSENT)
        listed = self._output("ls-files", "--stage", "-z")
        for entry in listed.split(b"\0")[:-1]:
            facts, _, path = entry.partition(b"\t")
            if (name := os.fsdecode(path)) in found:
                _, blob, stage = facts.decode().split(" ")
                found[name] = blob if stage == "0" else _OTHER
        return found

    @property
    def _lock(self) -> Path:
        return self.path_of("index.lock")

    @contextmanager
    def _locked_index(self) -> Iterator[Path]:
        """Take git's own lock of the index; a folder to work in. Raises LockstepError if taken."""
        lock = self._lock
        with scratch.folder(lock.parent) as folder:
            mark = folder / LOCK_MARK
            mark.touch()
            if is_taken(lock):
                raise Busy(_BUSY)
            # A link and not a new file: should this run be killed, the link shows whose lock it is.
            os.link(mark, lock)
            try:
                yield folder
            finally:
                lock.unlink(missing_ok=True)

    def _bring_forward(self, exchange: _Exchange, commit: str, folder: Path) -> str:
        index, new = self.path_of("index"), folder / "index"
        shutil.copyfile(index, new)
        env = {"GIT_INDEX_FILE": str(new)}
        lines = (_index_line(path, *entry) for path, entry in exchange.after.items())
        self._output("update-index", "-z", "--index-info", stdin=b"".join(lines), env=env)
        self._replace_files(exchange, folder / "files", env)
        # Otherwise other tools would show each of these files as changed, until they look.
        self._run("update-index", "-q", "--refresh", env=env)
        os.replace(new, index)
        head = self.resolve("HEAD")
        if head != commit:
            self.move_branch(self.branch() or "", commit, head)
        return ""

    def _replace_files(self, exchange: _Exchange, made: Path, env: Mapping[str, str]) -> None:
        here = self._files(exchange.after)
        stale = [
            path
            for path, (mode, blob) in exchange.after.items()
            if here[path] != blob or not _has_mode(self.root / path, mode)
        ]
        written = [path for path in stale if exchange.after[path][1] != ABSENT]
        names = b"".join(os.fsencode(path) + b"\0" for path in written)
        # git makes the files, because attributes may say how: with which line endings, for example.
        self._output("checkout-index", "--force", "-z", "--stdin", f"--prefix={made}/",
                     stdin=names, env=env)  # fmt: skip
        for path in stale:
            if path in written:
                scratch.move(made / path, self.root / path)
            else:
                (self.root / path).unlink(missing_ok=True)
                _remove_empty(self.root / path, self.root)


def _kind(file: Path) -> str:
    """What a path of the work tree is, where that is no file; else empty."""
    # Not below a link, which leads elsewhere, and not where a file has the place of the folder.
    if file.is_symlink() or any(each.is_symlink() or each.is_file() for each in file.parents):
        return _OTHER
    if not file.exists():
        return ABSENT
    return "" if file.is_file() and "\n" not in str(file) else _OTHER


def _has_mode(file: Path, mode: str) -> bool:
    """Whether a file may be run or not, as git stores it; there is no other mode of a file."""
    return not mode.startswith("100") or os.access(file, os.X_OK) is (mode == "100755")


def _index_line(path: str, mode: str, blob: str) -> bytes:
    if blob == ABSENT:
        mode, blob = "0", "0" * 40
    return f"{mode} {blob}\t".encode() + os.fsencode(path) + b"\0"


def is_taken(lock: Path) -> bool:
    """Whether another git command holds a lock for longer than such a command takes."""
    for _ in range(_PATIENCE):
        if not lock.exists():
            return False
        time.sleep(_INSTANT)
    return True


def _remove_empty(file: Path, top: Path) -> None:
    for folder in file.parents:
        if folder == top or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
