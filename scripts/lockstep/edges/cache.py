"""A cache of results, keyed by the content of everything that they depend on, never by time.

It is in a folder of the user and not of the repository, so that a pull request cannot bring a
result of its own. content_key makes its keys.
"""

import json
import os
import re
import stat
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lockstep.edges import clock
from lockstep.model.document import Json

if TYPE_CHECKING:
    from lockstep.edges.cache_database import Entries

Value = TypeVar("Value")

FILE = "cache.sqlite"
BYTES_KEPT = 256 * 1024 * 1024
"""What values may take; without a bound the file would grow with every commit."""

_WAIT = 1.0
"""Seconds to wait for other processes: most results take less time to work out again."""
_EARLIER = re.compile(r"[0-9a-f]{64}")
"""The name of a file of earlier versions, which kept each entry in one."""


class Cache:
    """Results in a database in a folder; without a folder nothing is kept.

    Its failures are silent: a result that cannot be kept or read is worked out again.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._wait = _WAIT

    @classmethod
    def of_user(cls) -> "Cache":
        """The cache in ``$XDG_CACHE_HOME/lockstep``, or ``~/.cache/lockstep``.

        LOCKSTEP_CACHE names another folder; an empty one turns the cache off.
        """
        named = os.environ.get("LOCKSTEP_CACHE")
        # Not by truth: the empty text is a choice, and turns the cache off.
        if named is not None:
            return cls(Path(named) if named else None)
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        # The XDG specification says that a relative path is invalid: it could be in a work tree.
        return cls(Path(home) / "lockstep") if os.path.isabs(home) else cls(None)

    @property
    def folder(self) -> Path | None:
        """The folder with the database; None where nothing is kept."""
        return self._folder

    def get(self, key: str) -> Json:
        """The value of the key; None where there is none, or it cannot be trusted or read."""
        try:
            return json.loads(self.get_many([key]).get(key, b"null"))
        except (ValueError, RecursionError):  # put_many may have kept anything
            return None

    def put(self, key: str, value: Json) -> None:
        """Keep a value under a ``content_key``, where the folder can be written."""
        self.put_many({key: json.dumps(value).encode()})

    def get_many(self, keys: Collection[str]) -> dict[str, bytes]:
        """The values of those keys that are there, each with the bytes that were put."""
        if self._folder is None or not keys or not _is_ours(self._folder):
            return {}
        now = int(clock.now().timestamp())
        file = self._folder / FILE
        found, old = self._use(file, lambda entries: entries.read(keys, now)) or ({}, [])
        if old:  # in a second step, which may fail: a folder may be readable only
            self._use(file, lambda entries: entries.renew(old, now))
        return found

    def put_many(self, entries: Mapping[str, bytes]) -> None:
        """Keep values under keys, all of them or none, in place of the least recently written."""
        if self._folder is None or not entries:
            return
        now = int(clock.now().timestamp())
        try:
            # Another user who may write here could forge what a check has found.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_ours(self._folder):
                _make(self._folder)
                self._use(self._folder / FILE, lambda db: db.write(entries, now, BYTES_KEPT))
        except OSError:
            return

    def _use(self, file: Path, work: "Callable[[Entries], Value]") -> Value | None:
        """Do something with the entries; None where they cannot be used.

        A file that holds none is replaced by a new database.
        """
        try:
            from lockstep.edges import cache_database as database  # most verbs need no cache
        except (ImportError, OSError):  # a Python without SQLite, or no more open files
            return None
        for _ in range(2):
            if not _is_our_file(file):
                return None
            try:
                return database.use(file, self._wait, work)
            except database.NotNow as error:
                # Once is enough for a run: the other process may be stopped.
                self._wait = 0.0 if error.busy else self._wait
                return None
            except database.Unusable:
                if not _replace(file):
                    return None
        return None


def _is_ours(folder: Path) -> bool:
    """Whether only this user can write to the folder, and no commit can bring a file of it.

    An entry says what a check has found: who can write one can make a bad change pass.
    """
    try:
        state = folder.stat()
        above = folder.resolve().parents
        repositories = {path / ".git" for path in above if (path / ".git").exists()}
        # CI keeps caches below .git: git never checks out a file there.
        checked_out = bool(repositories) and repositories.isdisjoint(above)
    except OSError:
        return False
    return state.st_uid == os.getuid() and not state.st_mode & 0o022 and not checked_out


def _is_our_file(file: Path) -> bool:
    """Whether this is a file, not a link to one, that only this user can write to.

    So must its journal be, from which SQLite takes pages of a transaction that was cut off.
    """
    try:
        states = [file.lstat()]
        with suppress(FileNotFoundError):
            states.append(file.with_name(f"{FILE}-journal").lstat())
    except OSError:
        return False
    return all(
        stat.S_ISREG(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o022
        for state in states
    )


def _make(folder: Path) -> None:
    """Make the file of a new database where there is none that can be trusted."""
    file = folder / FILE
    if not os.path.lexists(file):
        for path in folder.iterdir():
            if _EARLIER.fullmatch(path.name):
                with suppress(OSError):
                    path.unlink()
    elif not _is_our_file(file):
        _remove(file)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _replace(file: Path) -> bool:
    """Put a new database in the place of a file; whether that could be done.

    Another process may still use the old one. What it writes is lost, and should its journal meet
    the new file, then the seals find what that damages.
    """
    try:
        _remove(file)
        _make(file.parent)
    except OSError:
        return False
    return True


def _remove(file: Path) -> None:
    """Remove what is in the database's place; a folder only if it is empty."""
    # The journal first: it must not be rolled back into a new file.
    for path in (file.with_name(f"{FILE}-journal"), file):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
