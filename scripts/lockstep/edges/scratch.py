"""Temporary files and folders: made here only, under names that say which process made them.

``kill -9`` gives a process no chance to remove its own, so a later run does it: the name holds the
host, the process id and the start time of the maker, and what a dead process left is removed. What
another host or container made cannot be told dead or alive, so it is removed when it is a day old.
The folder for temporary files is shared with other users, who may put anything there: only what
belongs to this user is removed, and no symbolic link is followed.
"""

import atexit
import errno
import functools
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lockstep.edges import clock
from lockstep.edges.os_errors import advice, of_a_limit, reason
from lockstep.model.errors import LockstepError

_FALLBACKS = ("/tmp", "/var/tmp")  # noqa: S108
# Folders of the work tree that verbs write to.
_WRITTEN = ("clusters", "docs", "ledger", "rendered")
_DAY = 24 * 60 * 60
_UNKNOWN = "0"
"""The start time of a process where the system does not say it."""

_MAKER = r"(?P<host>[0-9a-f]{8})-(?P<pid>[0-9]{1,10})-(?P<start>[0-9]{1,20})-[0-9a-f]{16}"
# Names of earlier versions end in eight random characters, and say nothing about their maker. A
# digit among them, or this could be a word of a name that a user gave.
_RANDOM = r"(?=[a-z]*[0-9_])[a-z0-9_]{8}"
_FOLDER = re.compile(rf"lockstep-(?:{_MAKER}|opa-{_RANDOM})")
_FILE = re.compile(rf"\.lockstep-(?:{_MAKER}|{_RANDOM})")

_kept: set[Path] = set()
"""Folders of this process that exist now."""


@contextmanager
def folder(place: Path | None = None) -> Iterator[Path]:
    """A new folder that only this user can read; it is gone when the block ends.

    It is made in ``place``, by default where temporary folders belong. Raises LockstepError where
    it cannot be made, or where there is no room to write in it.
    """
    made = make_folder(place)
    try:
        with explained(made):
            yield made
    finally:
        remove_folder(made)


def make_folder(inside: Path | None = None) -> Path:
    """As ``folder``, for a caller that calls ``remove_folder`` itself.

    What dead processes have left is removed, but not from ``inside``: its caller may need what is
    in it (see ``abandoned``).
    """
    failed: OSError | None = None
    places = [str(inside)] if inside else _places()
    for place in places:
        if inside is None:
            _sweep_once(place, _FOLDER)
        made = Path(place, f"lockstep-{_maker()}")
        try:
            made.mkdir(mode=0o700)
        except OSError as error:
            failed = failed or error
            continue
        _kept.add(made)
        return made
    assert failed is not None  # noqa: S101
    raise LockstepError(
        f"cannot make a temporary folder: {reason(failed)}", where=places[0],
        fix=advice(failed, "set TMPDIR to a folder that you may write to"),
    ) from failed  # fmt: skip


def remove_folder(made: Path) -> None:
    """Remove a folder of ``make_folder``, and all that is in it. Safe to call twice."""
    shutil.rmtree(made, ignore_errors=True)
    _kept.discard(made)


def leave_folder(made: Path) -> None:
    """Leave a folder of ``make_folder`` to a later run, which finds it as ``abandoned``."""
    _kept.discard(made)


@contextmanager
def explained(made: Path) -> Iterator[None]:
    """Turn what the system says of a full disk in the block into an error that says where it is."""
    try:
        yield
    except OSError as error:
        # Any other error is about something else, and passes.
        if not of_a_limit(error):
            raise
        raise LockstepError(
            f"cannot write a temporary file: {reason(error)}", where=str(made),
            fix=advice(error, "set TMPDIR to a folder that you may write to"),
        ) from error  # fmt: skip


@contextmanager
def file_in_place_of(target: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of ``target`` when the block ends, and not if it raises.

    It is in the same folder, because a rename works within one file system only.
    """
    _sweep_once(str(target.parent), _FILE)
    name = target.parent / f".lockstep-{_maker()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            os.fchmod(file.fileno(), 0o644)  # whatever the umask is: others read the work tree
        os.replace(name, target)
    # Ctrl-C as well: git would show a temporary file that stays in the work tree.
    except BaseException:
        name.unlink(missing_ok=True)
        raise


def move(made: Path, target: Path) -> None:
    """Put a file, or a link, in the place of ``target`` at once; from another file system, too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(made, target)
    except OSError as error:
        if error.errno != errno.EXDEV or made.is_symlink():
            raise
        with file_in_place_of(target) as file:
            file.write(made.read_bytes())
        os.chmod(target, made.stat().st_mode)


def abandoned(place: Path) -> list[Path]:
    """The folders that dead processes of this user have left in ``place``, by their names."""
    found = []
    for entry in os.scandir(place):
        match = _FOLDER.fullmatch(entry.name)
        with suppress(OSError):  # another run removes it at the same time
            state = entry.stat(follow_symlinks=False)
            if match and state.st_uid == os.geteuid() and _is_left(match, state):
                found.append(place / entry.name)
    return sorted(found)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that ``file_in_place_of`` has made."""
    return _FILE.fullmatch(name) is not None


def sweep_work_tree(root: Path) -> None:
    """Remove the temporary files of dead processes from the folders that verbs write to."""
    folders = [str(root / name) for name in _WRITTEN]
    for each in folders:  # not by recursion: folders nest deeper than Python's stack
        folders += _sweep(each, _FILE)


@functools.cache
def _sweep_once(place: str, names: re.Pattern[str]) -> None:
    """Sweep one folder the first time that this process writes there."""
    _sweep(os.path.realpath(place), names)  # the user's own choice, which may be a link


def _sweep(place: str, names: re.Pattern[str]) -> list[str]:
    """Remove what dead processes left in one folder; the folders in it.

    Raises no OSError: a run must not fail over what an earlier one has left.
    """
    inside: list[str] = []
    try:
        # By this descriptor from here on: no other folder can be put in its place.
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return inside
    try:
        with os.scandir(handle) as entries:
            for entry in entries:
                match = names.fullmatch(entry.name)
                if match:
                    _remove_if_left(match, handle)
                elif entry.is_dir(follow_symlinks=False):
                    inside.append(f"{place}/{entry.name}")
    except OSError:  # it is being removed, or may not be read
        pass
    finally:
        os.close(handle)
    return inside


def _remove_if_left(match: re.Match[str], handle: int) -> None:
    """Remove one entry of the folder ``handle``, if it is this user's and nothing uses it."""
    name = match[0]
    try:
        state = os.stat(name, dir_fd=handle, follow_symlinks=False)
        if state.st_uid != os.geteuid() or not _is_left(match, state):
            return
        if match.re is _FILE and stat.S_ISREG(state.st_mode):
            os.unlink(name, dir_fd=handle)
        # It does not follow a link that another process puts in the way meanwhile.
        if match.re is _FOLDER and stat.S_ISDIR(state.st_mode):
            shutil.rmtree(name, ignore_errors=True, dir_fd=handle)
    except OSError:  # another run removes it at the same time
        return


def _is_left(match: re.Match[str], state: os.stat_result) -> bool:
    """Whether nothing uses the entry any more."""
    host, pid, start = match.group("host", "pid", "start")
    if host == _host():
        return not _lives(int(pid), start)
    # A user's own file may have a name like those of earlier versions, but hardly their mode.
    mode = 0o700 if stat.S_ISDIR(state.st_mode) else 0o600
    if host is None and stat.S_IMODE(state.st_mode) != mode:
        return False
    return clock.now().timestamp() - state.st_mtime > _DAY


def _lives(pid: int, start: str) -> bool:
    """Whether the process that started then still runs: its id may be another one's by now."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, and may not be sent signals
        pass
    started = _started(pid)
    return started == start or (started is not None and _UNKNOWN in (start, started))


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's units; None for a zombie, which writes no more."""
    try:
        own = Path("/proc/self/stat").read_text(errors="replace").partition(" ")[0]
        if own != str(os.getpid()):  # /proc shows the processes of another namespace
            return _UNKNOWN
        # The name of the program, in brackets, may hold anything.
        facts = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return None if facts[0] in "ZX" else facts[19]
    except (OSError, IndexError):  # not Linux, or it has ended by now
        return _UNKNOWN


def _maker() -> str:
    pid = os.getpid()
    # Random at the end: one process makes many, and no other user can take the name first.
    return f"{_host()}-{pid}-{_start_of(pid)}-{secrets.token_hex(8)}"


@functools.cache
def _start_of(pid: int) -> str:
    return _started(pid) or _UNKNOWN


@functools.cache
def _host() -> str:
    """What this process's id belongs to: one start of one kernel, and one namespace of it.

    Containers often share a folder, and each has a process 1 of its own.
    """
    facts = [os.uname().nodename]
    if sys.platform.startswith("linux"):
        facts = [_read("/proc/sys/kernel/random/boot_id") or facts[0]]
        # Without /proc this process is like no other, so that what it leaves goes after a day.
        facts += [_link("/proc/self/ns/pid") or secrets.token_hex(8), _link("/proc/self/ns/time")]
    return hashlib.sha256("\0".join(facts).encode(errors="surrogateescape")).hexdigest()[:8]


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _places() -> list[str]:
    """Where temporary folders may be made, the best first.

    Never the current folder, which Python's own tempfile tries last: it may be the work tree.
    """
    named = os.environ.get("TMPDIR", "")
    return [*([os.path.abspath(named)] if named else []), *_FALLBACKS]


@atexit.register
def _remove_kept() -> None:
    # Those of threads that wait for a server which never answers.
    for made in tuple(_kept):
        remove_folder(made)
