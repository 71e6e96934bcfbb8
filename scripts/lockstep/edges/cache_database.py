"""The database of the cache: entries with seals, in SQLite. Importing it imports sqlite3.

A seal is a SHA-256 over key and value: a disk, a power cut or a torn copy may change bytes of the
file, and a value that is not the one that was put must never be taken for it.

The journal is SQLite's default, a rollback journal. After ``kill -9`` the next process rolls back
what was not committed. A write-ahead log would need a file that the processes map into memory
together, which does not work on network file systems, and would leave more files for CI to carry.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")

_ROW = 256
"""What a row takes in addition to its value: without it, small values would be without a bound."""
_DAY = 24 * 60 * 60
_AT_ONCE = 500  # SQLite before 3.32 accepts no more than 999 parameters
_LAYOUT = [
    b"CREATE INDEX age ON entries (written, size)",
    b"CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB, seal BLOB, size INT, written INT)",
]
_NOT_NOW = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM,
})  # fmt: skip


class Unusable(Exception):
    """The file is not a database of this layout, or is damaged."""


class NotNow(Exception):
    """The database cannot be used at this moment; ``busy`` where another process uses it."""

    def __init__(self, busy: bool) -> None:
        super().__init__()
        self.busy = busy


class Entries:
    """The entries, over one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def read(self, keys: Collection[str], now: int) -> tuple[dict[str, bytes], list[str]]:
        """The values of those keys that are there and not changed; which of these keys are old."""
        found: dict[str, bytes] = {}
        old = []
        left = iter(keys)
        while some := [key.encode() for key in islice(left, _AT_ONCE)]:
            marks = ",".join("?" * len(some))
            rows = f"SELECT key, value, seal, written FROM entries WHERE key IN ({marks})"  # noqa: S608
            for key, value, seal, written in self._db.execute(rows, some):
                if isinstance(value, bytes) and seal == _seal(key, value):
                    found[key.decode()] = value
                    # Also one from the future, which a wrong clock wrote.
                    if not isinstance(written, int) or abs(now - written) > _DAY:
                        old.append(key.decode())
        return found, old

    def renew(self, keys: Iterable[str], now: int) -> None:
        """Let these entries count as written now: what is read is not the first to go."""
        self._db.execute("BEGIN IMMEDIATE")
        changes = ((now, key.encode()) for key in keys)
        self._db.executemany("UPDATE entries SET written = ? WHERE key = ?", changes)

    def write(self, entries: Mapping[str, bytes], now: int, bound: int) -> None:
        """Keep entries, and no more bytes than the bound: the least recently written ones go."""
        rows = (
            (key.encode(), value, _seal(key.encode(), value), len(value) + _ROW, now)
            for key, value in sorted(entries.items())  # neighbours share pages of the index
            if len(value) + _ROW <= bound
        )
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", rows)
        # What a wrong clock wrote in the future would otherwise stay for ever.
        self._db.execute("UPDATE entries SET written = 0 WHERE written > ?", (now + _DAY,))
        self._forget_oldest(bound)

    def _forget_oldest(self, bound: int) -> None:
        (size,) = self._db.execute("SELECT ifnull(sum(size), 0) FROM entries").fetchone()
        excess = size - bound
        gone = []
        oldest = "SELECT rowid, size FROM entries ORDER BY written, rowid"
        for row, size in self._db.execute(oldest) if excess > 0 else ():
            gone.append((row,))
            excess -= size
            if excess <= 0:
                break
        self._db.executemany("DELETE FROM entries WHERE rowid = ?", gone)


def use(file: Path, wait: float, work: Callable[[Entries], Value]) -> Value:
    """Do something with the entries of a database; either all that it writes is kept, or nothing.

    It waits so many seconds for other processes. Raises NotNow, or Unusable.
    """
    try:
        # A connection for each call: it must not be used on the other side of a fork.
        with closing(sqlite3.connect(file, timeout=wait, isolation_level=None)) as db, db:
            _prepare(db)
            return work(Entries(db))
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _NOT_NOW:
            raise NotNow(busy=code == sqlite3.SQLITE_BUSY) from error
        raise Unusable from error
    except (TypeError, ValueError, OverflowError) as error:  # a size that is not a number any more
        raise Unusable from error
    except MemoryError as error:
        raise NotNow(busy=False) from error


def _prepare(db: sqlite3.Connection) -> None:
    """Set the connection up, and the tables in a new database. Raises Unusable."""
    db.text_factory = bytes  # a damaged page may hold text that is not UTF-8
    # Without waiting for the disk: kill -9 does no harm, and what a power cut damages is replaced.
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cell_size_check = ON")  # finds a damaged page when it is read
    layout = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    if not db.execute(layout).fetchall():
        with db:
            db.execute("BEGIN IMMEDIATE")
            if not db.execute(layout).fetchall():  # no other process was faster
                for statement in reversed(_LAYOUT):
                    db.execute(statement.decode())
    if [sql for (sql,) in db.execute(layout)] != _LAYOUT:
        raise Unusable


def _seal(key: bytes, value: bytes) -> bytes:
    return hashlib.sha256(b"%d:%b%b" % (len(key), key, value)).digest()
