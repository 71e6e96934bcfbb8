"""Which ``opa`` program to use, and whether it is new enough."""

import os
import re
import shutil
from functools import lru_cache
from pathlib import Path

from lockstep.edges import process
from lockstep.edges.resources import tool_dir
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line

OLDEST = (1, 22)
"""Older versions read Rego, or report what was evaluated, in other ways."""

_FIX = "run make tools, or set LOCKSTEP_OPA to an opa of version 1.22 or newer"


def find_opa(tools: Path | None = None) -> Path:
    """The program that ``LOCKSTEP_OPA`` names, else the one built in tools/, else that on PATH.

    ``tools`` is the folder of built programs, that of the checkout by default. The version is
    checked when the program is used. Raises LockstepError when there is no program.
    """
    named = os.environ.get("LOCKSTEP_OPA")
    # No fallback: another opa than the one that was named might evaluate differently.
    if named:
        found = shutil.which(named)
        if not found:
            raise LockstepError(f"LOCKSTEP_OPA names {named}, which is not a program", fix=_FIX)
        # Absolute, because opa runs in folders of its own.
        return Path(found).absolute()
    built = (tools or tool_dir()) / "opa"
    if os.access(built, os.X_OK):
        return built
    found = shutil.which("opa")
    if not found:
        raise LockstepError("there is no opa on this machine", fix=_FIX)
    return Path(found).absolute()


def require_recent(opa: Path) -> None:
    """Raise LockstepError where the program is too old, or not OPA."""
    require_version(opa, opa_version(opa))


def opa_version(opa: Path) -> str:
    """The version that the program reports; empty where it reports none."""
    try:
        state = opa.stat()
    except OSError:
        return _version_of(opa, 0, 0)  # raises, and says why it cannot be started
    return _version_of(opa, state.st_mtime_ns, state.st_size)


@lru_cache
def _version_of(opa: Path, _changed: int, _size: int) -> str:
    """By time and size, too: the file may be replaced while this process runs."""
    # With no environment: a program that is not OPA must not see the secrets of this run.
    said = process.run([str(opa), "version"], env={}, timeout=20).stdout.decode(errors="replace")
    match = re.search(r"^Version: *(\S+)", said, re.MULTILINE)
    return match[1] if match else ""


def require_version(where: Path | str, version: str, *, fix: str = _FIX) -> None:
    """Raise LockstepError unless ``version`` (``1.22.2``) is new enough.

    ``where`` is the program, or the URL of a running one; ``fix`` says how to get another.
    """
    match = re.match(r"v?(\d+)\.(\d+)", version)
    if not match:
        raise LockstepError(
            "this program does not report a version of OPA", where=str(where), fix=fix
        )
    if (int(match[1]), int(match[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise LockstepError(
            f"this OPA is version {one_line(version, 40)}; Lockstep needs {oldest} or newer",
            where=str(where), fix=fix,
        )  # fmt: skip
