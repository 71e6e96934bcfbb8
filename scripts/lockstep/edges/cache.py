"""Results kept by the content of everything that they depend on, never by time.

The folder belongs to the user, not to the repository: a pull request cannot bring a result.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from lockstep.edges.files import write_file
from lockstep.model.document import Json
from lockstep.model.fleet import Tree

_PACKAGE = Path(__file__).resolve().parent.parent
_ENTRIES_KEPT = 500
_ENTRY = re.compile(r"[0-9a-f]{64}")


class Cache:
    """A folder of results; ``LOCKSTEP_CACHE`` names another one, or none where it is empty."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls) -> "Cache":
        """``$XDG_CACHE_HOME/lockstep``, or ``~/.cache/lockstep``."""
        named = os.environ.get("LOCKSTEP_CACHE")
        if named is not None:
            return cls(Path(named) if named else None)
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return cls(Path(home) / "lockstep") if os.path.isabs(home) else cls(None)

    def get(self, key: str) -> Json:
        """What was put under the key; None where there is nothing that can be trusted and read."""
        if self._folder is None or not self._is_ours(self._folder):
            return None
        try:
            return json.loads((self._folder / key).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, key: str, value: Json) -> None:
        """Keep a value under a ``content_key``; a cache that cannot be written is no error."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._is_ours(self._folder):
                write_file(self._folder / key, json.dumps(value).encode())
                self._forget_oldest(self._folder)
        except OSError:
            return

    @staticmethod
    def _is_ours(folder: Path) -> bool:
        """Whether nobody else may write there: another user, or who commits to a repository."""
        try:
            state = folder.stat()
            above = folder.resolve().parents
            gits = {path / ".git" for path in above if (path / ".git").exists()}
            checked_out = bool(gits) and gits.isdisjoint(above)  # below .git nothing is checked out
        except OSError:
            return False
        return state.st_uid == os.getuid() and not state.st_mode & 0o022 and not checked_out

    @staticmethod
    def _forget_oldest(folder: Path) -> None:
        ours = (path for path in folder.iterdir() if _ENTRY.fullmatch(path.name))
        entries = sorted(ours, key=lambda path: path.stat().st_mtime)
        for path in entries[:-_ENTRIES_KEPT]:
            path.unlink(missing_ok=True)


def content_key(trees: Iterable[Tree], facts: Iterable[str]) -> str:
    """A key that changes with any byte of the trees, any fact, this program or a library of it."""
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
    """What runs: Python, the installed distributions by name and version, and Lockstep's code."""
    site = {Path(entry) for entry in sys.path if entry.endswith("-packages")}
    installed = sorted(
        path.name for folder in site if folder.is_dir() for path in folder.glob("*.dist-info")
    )
    code = [hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(_PACKAGE.rglob("*.py"))]
    return [sys.version, *installed, *code]
