"""Which ``opa`` program to use, and whether it is new enough."""

import os
import re
import shutil
from functools import lru_cache
from pathlib import Path

from lockstep.edges import process
from lockstep.edges.resources import tool_dir, tool_sources, user_programs
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line

OLDEST = (1, 22)
"""Older versions read Rego, or report what was evaluated, in other ways."""

FIX = "lockstep tools opa (builds the pinned one), or install OPA 1.22 or newer"
"""How to get an OPA where there is none, or one that is too old."""

_PIN = re.compile(r"^\s*github\.com/open-policy-agent/opa v(\S+)", re.MULTILINE)


def find_opa(tools: Path | None = None) -> Path:
    """The program that ``LOCKSTEP_OPA`` names, else a built one, else that on PATH.

    Built ones are that of a checkout (``make tools``), and then that of this user (``lockstep tools
    opa``): they are of the pinned version, and what is on PATH may be too old. ``tools`` is the
    folder of built programs, that of the checkout by default. The version is checked when the
    program is used. Raises LockstepError when there is no program.
    """
    named = os.environ.get("LOCKSTEP_OPA")
    # No fallback: another opa than the one that was named might evaluate differently.
    if named:
        found = shutil.which(named)
        if not found:
            raise LockstepError(f"LOCKSTEP_OPA names {named}, which is not a program", fix=FIX)
        # Absolute, because opa runs in folders of its own.
        return Path(found).absolute()
    for built in built_places(tools):
        if os.access(built, os.X_OK):
            return built
    found = shutil.which("opa")
    if not found:
        raise LockstepError("there is no opa on this machine", fix=FIX)
    return Path(found).absolute()


def built_places(tools: Path | None = None) -> list[Path]:
    """Where a built OPA may be: in the checkout, and in the folder of this user."""
    places = [(tools or tool_dir()) / "opa"]
    mine = user_opa()
    return [*places, mine] if mine else places


@lru_cache(maxsize=1)
def pinned_version() -> str:
    """The version of OPA that this Lockstep is tested with; empty where nothing says so."""
    try:
        text = (tool_sources() / "go.mod").read_text()
    except (OSError, LockstepError):
        return ""
    match = _PIN.search(text)
    return match[1] if match else ""


def user_opa() -> Path | None:
    """Where ``lockstep tools opa`` puts the pinned version; None where there is no such place.

    By version, so that a newer Lockstep does not use the one that an older one has built.
    """
    folder, version = user_programs(), pinned_version()
    return folder / f"opa-{version}" if folder and version else None


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


def require_version(where: Path | str, version: str, *, fix: str = FIX) -> None:
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
