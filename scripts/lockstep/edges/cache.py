"""A cache of results, keyed by the content of everything that they depend on, never by time.

It is in a folder of the user and not of the repository, so that a pull request cannot bring a
result of its own.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from lockstep.edges.files import write_file
from lockstep.model.document import Json
from lockstep.model.fleet import Tree

_PACKAGE = Path(__file__).resolve().parent.parent
_ENTRIES_KEPT = 500  # without a bound the folder would grow with every commit
_ENTRY = re.compile(r"[0-9a-f]{64}")


class Cache:
    """Results in a folder, one file each; without a folder nothing is kept.

    Its failures are silent: a result that cannot be kept or read is worked out again.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

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

    def get(self, key: str) -> Json:
        """The value of the key; None where there is none, or it cannot be trusted or read."""
        if self._folder is None or not self._is_ours(self._folder):
            return None
        try:
            return json.loads((self._folder / key).read_bytes())
        except (OSError, ValueError, RecursionError):  # a broken entry is as good as none
            return None

    def put(self, key: str, value: Json) -> None:
        """Keep a value under a ``content_key``, where the folder can be written."""
        if self._folder is None:
            return
        try:
            # Another user who may write here could forge what a check has found.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._is_ours(self._folder):
                write_file(self._folder / key, json.dumps(value).encode())
                self._forget_oldest(self._folder)
        except OSError:
            return

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The values of those keys that are there."""
        found = {}
        if self._folder is not None and self._is_ours(self._folder):
            for key in keys:
                try:
                    found[key] = (self._folder / key).read_bytes()
                except OSError:
                    continue
        return found

    def put_many(self, entries: Mapping[str, bytes]) -> None:
        """Keep values under keys."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._is_ours(self._folder):
                for key, value in entries.items():
                    write_file(self._folder / key, value)
        except OSError:
            return

    @staticmethod
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

    @staticmethod
    def _forget_oldest(folder: Path) -> None:
        """Delete all entries but the newest; files that are not entries stay."""
        ours = (path for path in folder.iterdir() if _ENTRY.fullmatch(path.name))
        entries = sorted(ours, key=lambda path: path.stat().st_mtime)
        for path in entries[:-_ENTRIES_KEPT]:
            # Another run may tidy up at the same time.
            path.unlink(missing_ok=True)


def content_key(trees: Iterable[Tree], facts: Iterable[str]) -> str:
    """A key that changes with any byte of the trees, any fact, this program or a library of it.

    Each part has its length before it, so that no two lists of parts give the same bytes.
    """
    digest = hashlib.sha256()
    for part in (*facts, *_program()):
        digest.update(f"{len(part)}:{part}".encode(errors="surrogateescape"))
    for tree in trees:
        digest.update(b"tree")
        for path in sorted(tree):
            head = f"{len(path)}:{path}{len(tree[path])}:"
            digest.update(head.encode(errors="surrogateescape"))
            digest.update(tree[path])
    return digest.hexdigest()


def _program() -> list[str]:
    """What runs: Python, the installed distributions by name and version, and Lockstep's code.

    The code by its bytes and not by its version: a developer edits it between two runs.
    """
    site = {Path(entry) for entry in sys.path if entry.endswith("-packages")}
    installed = sorted(
        path.name for folder in site if folder.is_dir() for path in folder.glob("*.dist-info")
    )
    code = [hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(_PACKAGE.rglob("*.py"))]
    return [sys.version, *installed, *code]
