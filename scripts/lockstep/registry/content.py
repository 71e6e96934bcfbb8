"""The content digest of a model: one function for what the registry lists and what is on disk."""

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from lockstep.edges.os_errors import reason
from lockstep.model.canonical import digest_json
from lockstep.model.errors import LockstepError, VerificationFailed
from lockstep.text.sanitise import plain_line


def content_digest(files: Iterable[tuple[str, str]]) -> str:
    """The digest of a model of these files, each a path and the SHA-256 of its bytes in hex.

    It is SHA-256 over the canonical JSON of ``[[path, sha256], ...]`` in path order.
    """
    return digest_json([list(file) for file in sorted(files)])


def digest_folder(folder: Path) -> str:
    """The content digest of a model that is on disk: of all files below ``folder``.

    Raises VerificationFailed where ``folder`` is not a folder, or holds anything but files and
    folders: a link could lead to bytes that change later. Raises LockstepError where something
    cannot be read.
    """
    try:
        return content_digest(_files(folder))
    except OSError as error:
        raise LockstepError(
            f"cannot read it: {reason(error)}",
            where=str(folder),
            fix="check that this user may read the folder and all that is in it",
        ) from error


def _files(folder: Path) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    folders = [""]
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise _not_a_model(folder, "it is not a folder")
    for inside in folders:  # not by recursion: folders nest deeper than Python's stack
        for entry in os.scandir(folder / inside):
            path = f"{inside}/{entry.name}" if inside else entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                folders.append(path)
                continue
            # No model of the registry has a name that cannot be printed: see list_artifacts.
            if not stat.S_ISREG(mode) or not path.isprintable():
                raise _not_a_model(folder, f"{plain_line(path, 100)!r} in it is not a file")
            with open(entry.path, "rb") as stream:
                found.append((path, hashlib.file_digest(stream, "sha256").hexdigest()))
    return found


def _not_a_model(folder: Path, why: str) -> VerificationFailed:
    return VerificationFailed(
        f"this is not a fetched model: {why}",
        where=str(folder),
        fix="remove it, and fetch the model again",
    )
