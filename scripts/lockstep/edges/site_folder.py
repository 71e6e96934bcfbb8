"""The folder to which the page of a fleet is written: its own, and never one with other files."""

import os
import re
from collections.abc import Collection
from pathlib import Path

from lockstep.edges.files import read_tree
from lockstep.edges.os_errors import advice, reason
from lockstep.model.errors import LockstepError, UsageError

MARK = "lockstep-site.txt"
"""The file by which a folder is known as one that Lockstep wrote; it lists the others."""

_FIRST = "Written by lockstep site; it removes and replaces the files of this list:"
# Only what can be a page is removed: the list is a file that anyone may have changed.
_PAGE = re.compile(r"families/[a-z0-9_-]+/[a-z0-9_-]+\.html")
_OF_A_FLEET = ("clusters", "ledger", "policies", "rendered", "templates", ".git", ".github")


def mark(paths: Collection[str]) -> bytes:
    """The content of the file that lists the files of a page."""
    return "".join(f"{line}\n" for line in (_FIRST, *sorted(paths))).encode()


def require_site_folder(folder: Path, repository: Path) -> None:
    """Raise UsageError where a page must not be written to ``folder``.

    It may be missing, empty, or one that Lockstep wrote before; not the repository itself, nor a
    folder of a fleet.
    """
    place = folder.resolve()
    inside = place.relative_to(repository).parts if place.is_relative_to(repository) else None
    if inside == () or (inside and inside[0] in _OF_A_FLEET):
        raise UsageError(
            "the page of a fleet is no part of the fleet's files", where=str(folder),
            fix="write it to another folder, such as build/site",
        )  # fmt: skip
    try:
        if not os.path.lexists(folder):
            return
        names = os.listdir(folder)
    except OSError as error:
        raise UsageError(
            f"this folder cannot be written to: {reason(error)}", where=str(folder),
            fix=advice(error, "name another folder with --output"),
        ) from error  # fmt: skip
    if names and MARK not in names:
        raise UsageError(
            "this folder has files that lockstep site did not write", where=str(folder),
            fix="name an empty folder with --output, or move the files away",
        )  # fmt: skip


def stale_files(folder: Path, files: Collection[str]) -> tuple[str, ...]:
    """The paths that an earlier page wrote to the folder, and that are not among ``files``."""
    if not (folder / MARK).is_file():
        return ()
    first, *listed = read_tree(folder, (MARK,))[MARK].decode(errors="replace").splitlines() or [""]
    if first != _FIRST:
        raise LockstepError(
            f"{MARK} is not as lockstep site wrote it", where=str(folder),
            fix="remove the folder, or name another one with --output",
        )  # fmt: skip
    return tuple(
        path for path in listed if _PAGE.fullmatch(path) and path not in files
        and (folder / path).is_file()
    )  # fmt: skip
