"""Files of a work tree: read as one tree; each is written as a whole or not at all."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from lockstep.edges import scratch
from lockstep.edges.os_errors import advice, cannot_write, reason
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.tree import NoFile, Tree
from lockstep.text.sanitise import one_line

_CHUNK = 64 * 1024
LARGEST = 16 * 1024 * 1024
"""Bytes of a file: no file of a fleet comes near, and a larger one could fill the memory."""

LINK = NoFile(b"this is a symbolic link, which could lead out of the repository")
TOO_LARGE = NoFile(b"the file has more than %d bytes" % LARGEST)


def read_tree(root: Path, folders: Iterable[str], *, collect: Iterable[str] = ()) -> Tree:
    """Every file below the folders, by path relative to ``root`` with ``/`` separators.

    One of ``folders`` may be a file. A missing folder is an empty one. Raises Invalid for a
    symbolic link, which could lead out of the repository, and for a huge file; LockstepError for
    what cannot be read. In the folders of ``collect``, a link or a huge file is a NoFile in the
    tree instead, which becomes a finding.
    """
    tree: dict[str, bytes] = {}
    for folder in folders:
        if os.path.lexists(root / folder):
            _refuse_link(root / folder, folder)
            inside = [folder]
            if (root / folder).is_file():
                tree[folder] = _read_named(root / folder, folder)
                continue
            for each in inside:  # not by recursion: folders nest deeper than Python's stack
                inside += _read_folder(root, each, tree)
    refuse_no_file(tree, collect)
    return tree


def refuse_no_file(tree: Tree, collect: Iterable[str] = ()) -> None:
    """Raise Invalid for a link or a huge file of a tree that is not in a folder of ``collect``."""
    kept = tuple(f"{folder}/" for folder in collect)
    for path, data in tree.items():
        if isinstance(data, NoFile) and not path.startswith(kept):
            raise Invalid(data.decode(), where=path, fix=NoFile.FIX)


def _read_folder(root: Path, folder: str, tree: dict[str, bytes]) -> list[str]:
    """Read the files of one folder into ``tree``; the folders in it.

    What is not a file, such as a pipe, is left out: git does not store it. So is a temporary file,
    which another run writes now, or which a dead one left.
    """
    folders, path = [], folder
    try:
        # The order of a folder differs by machine and file system.
        for entry in sorted(os.scandir(f"{root}/{folder}"), key=lambda entry: entry.name):
            path = f"{folder}/{entry.name}"
            # First, because is_dir and is_file follow a link.
            if entry.is_symlink():
                tree[path] = LINK
            elif entry.is_dir():
                folders.append(path)
            elif entry.is_file() and not scratch.is_temporary(entry.name):
                tree[path] = _read_bounded(entry.path)
    except OSError as error:
        raise _cannot_read(error, path) from error
    return folders


def _read_named(file: Path, path: str) -> bytes:
    try:
        return _read_bounded(str(file))
    except OSError as error:
        raise _cannot_read(error, path) from error


def _cannot_read(error: OSError, path: str) -> LockstepError:
    fix = advice(error, "fix the permissions of the file")
    return LockstepError(f"cannot read it: {reason(error)}", where=path, fix=fix)


def _read_bounded(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        # By the bytes that come, not by the size that the file system gives: a file under /proc
        # has size 0, and another may grow while it is read.
        data = file.read(_CHUNK)
        while more := file.read(max(_CHUNK, len(data))):
            data += more
            if len(data) > LARGEST:
                return TOO_LARGE
    return data


def read_file(path: Path, limit: int) -> bytes:
    """One file that a user names. Raises LockstepError where it has more than ``limit`` bytes, or
    cannot be read."""
    try:
        with path.open("rb") as file:
            # One byte more than allowed shows that the file is too large; the rest is not read.
            data = file.read(limit + 1)
    except OSError as error:
        raise LockstepError(
            f"cannot read it: {reason(error)}",
            where=str(path),
            fix=advice(error, "check that it is a file that you may read"),
        ) from error
    if len(data) > limit:
        raise LockstepError(
            f"it has more than {limit} bytes", where=str(path), fix="give a smaller file"
        )
    return data


def write_changes(root: Path, changes: Mapping[str, bytes | None]) -> None:
    """Write each file of ``changes`` below ``root``; None deletes, with folders that become empty.

    Raises LockstepError where a path leaves ``root`` or cannot be written.
    """
    for path, data in sorted(changes.items()):
        target = _inside(root, path)
        try:
            if data is None:
                target.unlink(missing_ok=True)
                _prune(root, target.parent)
            else:
                write_file(target, data)
        except OSError as error:
            raise cannot_write(error, path, "check that you may write there") from error


def existing(root: Path, paths: Iterable[str]) -> list[str]:
    """Those of the paths below ``root`` at which there is something, if only a broken link."""
    return sorted(path for path in paths if os.path.lexists(root / path))


def write_all(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files below ``root``, or none: where one cannot be written, the others are undone.

    Raises LockstepError where a path leaves ``root`` or cannot be written.
    """
    before: dict[str, bytes | None] = {}
    try:
        for path, data in sorted(files.items()):
            target = _inside(root, path)
            before[path] = _read_named(target, path) if target.is_file() else None
            write_changes(root, {path: data})
    except BaseException:
        # Whatever stopped it, Ctrl-C too: a half-written fleet would be refused the next time.
        for path, old in before.items():
            with suppress(LockstepError):  # the first error is the one to report
                write_changes(root, {path: old})
        raise


def write_file(target: Path, data: bytes) -> None:
    """Write one file by a rename, so that no reader ever sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch.file_in_place_of(target) as file:
        file.write(data)


def _inside(root: Path, path: str) -> Path:
    """The file at a path of a tree; no ``..``, NUL or symbolic link leads it out of ``root``."""
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise LockstepError(
            "this path would leave the repository", where=one_line(path, 200),
            fix="remove .. and empty parts from the names that it is made of",
        )  # fmt: skip
    here = root
    # Not the last part: a rename or a deletion acts on a link itself, not on its target.
    for part in parts[:-1]:
        here /= part
        _refuse_link(here, path)
    return root.joinpath(*parts)


def symlink_error(path: str) -> Invalid:
    """The error for a symbolic link at a path of a tree."""
    return Invalid(LINK.decode(), where=path, fix="replace it with the file itself")


def _refuse_link(place: Path, path: str) -> None:
    if place.is_symlink():
        raise symlink_error(path)


def _prune(root: Path, folder: Path) -> None:
    # git stores no empty folders, so a fresh clone would not have them either.
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
