"""Files by path: all that reading files and asking git needs of a fleet."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

Tree = Mapping[str, bytes]
"""Files by path: relative to the repository, ``/`` separators. A work tree or a commit."""


class ShippedFile(bytes):
    """The entry in a Tree of a file that the program brings, because the fleet has none there."""


class NoFile(bytes):
    """The entry in a Tree of something that is not read as a file; its bytes say why."""

    FIX = "put a plain file of at most 16 MiB in its place, or remove it"


def by_folder(files: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """What is known of files, by the folder that directly holds them and then by the whole path."""
    folders: dict[str, dict[str, T]] = {}
    for path, known in files.items():
        folders.setdefault(path.rpartition("/")[0], {})[path] = known
    return folders
