"""The templates and policies that ship with Lockstep, however it was installed."""

import os
from functools import lru_cache
from pathlib import Path

from lockstep.edges.files import read_tree
from lockstep.model.canonical import digest_files
from lockstep.model.errors import LockstepError
from lockstep.model.tree import ShippedFile, Tree

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT = _PACKAGE.parent.parent
_FOLDERS = ("policies", "templates")


def shipped_root() -> Path:
    """The folder with the ``policies`` and ``templates`` that ship: the package or the checkout.

    The package comes first: what is two folders above it may be anything once it is installed.
    Raises LockstepError where neither has them.
    """
    for candidate in (_PACKAGE / "_data", _CHECKOUT):
        if all((candidate / name).is_dir() for name in _FOLDERS):
            return candidate
    raise LockstepError(
        "this installation of Lockstep has no policies and templates", fix="install it again"
    )


@lru_cache(maxsize=1)  # a process goes by the files that it has read, as by its code
def shipped_tree() -> Tree:
    """Every file that ships, by its path in a fleet. Raises LockstepError where there are none."""
    found = read_tree(shipped_root(), _FOLDERS)
    return {path: ShippedFile(data) for path, data in found.items()}


def shipped_file(path: str) -> bytes:
    """One file that ships, by its path in a fleet, without the others; raises as shipped_tree."""
    return read_tree(shipped_root(), (path,))[path]


def scaffold_templates() -> dict[str, str]:
    """The templates of a new fleet's files, by name without ``.j2``. Raises as ``read_tree``."""
    found = read_tree(_PACKAGE / "scaffold", ("templates",))
    return {
        path.removeprefix("templates/").removesuffix(".j2"): data.decode()
        for path, data in found.items()
    }


def site_templates() -> dict[str, str]:
    """The templates, style and script of a fleet's page, by name. Raises as ``read_tree``."""
    found = read_tree(_PACKAGE / "site", ("templates",))
    return {path.removeprefix("templates/"): data.decode() for path, data in found.items()}


@lru_cache(maxsize=1)
def shipped_digest() -> str:
    """The digest of all that ships."""
    return digest_files(shipped_tree())


def starter(kind: str) -> Tree:
    """The files that a new part of a fleet starts from, by name: ``rule/cluster``, for example.

    Raises LockstepError where they cannot be read.
    """
    found = read_tree(_PACKAGE / "starters" / kind, ["."])
    return {path.removeprefix("./"): data for path, data in found.items()}


def tool_dir() -> Path:
    """Where ``make tools`` builds the Go programs; the folder need not exist."""
    return _CHECKOUT / "tools" / "bin"


def tool_sources() -> Path:
    """The folder with ``build`` and the ``go.mod`` that pins the Go programs."""
    return shipped_root() / "tools"


def user_programs() -> Path | None:
    """Where ``lockstep tools`` builds programs for this user; the folder need not exist.

    ``$XDG_DATA_HOME/lockstep/bin``, or ``~/.local/share/lockstep/bin``. None where neither is
    an absolute path, since a relative one could be in the work tree of a pull request.
    """
    home = os.environ.get("XDG_DATA_HOME", "")
    home = home if os.path.isabs(home) else os.path.expanduser("~/.local/share")
    return Path(home) / "lockstep" / "bin" if os.path.isabs(home) else None
