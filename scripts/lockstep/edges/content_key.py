"""Keys of the cache: they change with the content of everything that a result depends on."""

import hashlib
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from lockstep.model.tree import Tree

_PACKAGE = Path(__file__).resolve().parent.parent


def content_key(trees: Iterable[Tree], facts: Iterable[str]) -> str:
    """A key that changes with any byte of the trees, any fact, this program or a library of it.

    Each part has its length before it, so that no two lists of parts give the same bytes.
    """
    digest = hashlib.sha256()
    for part in (*facts, *program()):
        digest.update(f"{len(part)}:{part}".encode(errors="surrogateescape"))
    for tree in trees:
        digest.update(b"tree")
        for path in sorted(tree):
            head = f"{len(path)}:{path}{len(tree[path])}:"
            digest.update(head.encode(errors="surrogateescape"))
            digest.update(tree[path])
    return digest.hexdigest()


def key_of(*parts: object) -> str:
    """A key for parts that ``repr`` tells apart: texts, numbers, None, and tuples of these."""
    return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()


@lru_cache(maxsize=1)  # a process runs the code that it has loaded, whatever is edited meanwhile
def program() -> tuple[str, ...]:
    """What runs: Python, the installed distributions by name and version, and Lockstep's code.

    The code by its bytes and not by its version: a developer edits it between two runs.
    """
    site = {Path(entry) for entry in sys.path if entry.endswith("-packages")}
    installed = sorted(
        path.name for folder in site if folder.is_dir() for path in folder.glob("*.dist-info")
    )
    code = [hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(_PACKAGE.rglob("*.py"))]
    return sys.version, *installed, *code
