"""A small disk of a try's own, in memory; only root may make one, so elsewhere it is left out."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = "256m"
_BALLAST = "ballast"


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own at the folder, until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    _must("mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder))
    try:
        yield
    finally:
        # Lazily: a process that still ends there must not keep it.
        _must("umount", "--lazy", str(folder))


def can_mount(folder: Path) -> bool:
    """Whether this user may make one."""
    try:
        with small_disk(folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def fill(folder: Path, room: int) -> None:
    """Fill the disk, but for ``room`` KiB."""
    free = os.statvfs(folder)
    size = free.f_bavail * free.f_frsize - room * 1024
    with open(folder / _BALLAST, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(size, 1))


def make_room(folder: Path) -> None:
    """Give the disk its room back."""
    (folder / _BALLAST).unlink(missing_ok=True)


def _must(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
