"""The ids that git gives to contents, computed without git: pure packages compare them, too.

https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

import hashlib
from collections.abc import Mapping


def algorithm_of(oid: str) -> str:
    """The object format of the repository that an id is from, by the length of the id."""
    return "sha256" if len(oid) == 64 else "sha1"


def git_blob_id(data: bytes, *, algorithm: str = "sha1") -> str:
    """The id that git gives a file of these bytes."""
    return _object_id(b"blob", data, algorithm).hex()


def git_tree_id(files: Mapping[str, bytes], *, algorithm: str = "sha1") -> str:
    """The id that git gives a folder of these regular files (no folders in it).

    Rendering does not run git, and these bytes may be in no repository yet.
    """
    tree = b""
    # git sorts by bytes, and all files are plain: a link or an executable gives another id.
    for name in sorted(files, key=str.encode):
        blob = _object_id(b"blob", files[name], algorithm)
        tree += b"100644 " + name.encode() + b"\0" + blob
    return _object_id(b"tree", tree, algorithm).hex()


def _object_id(kind: bytes, data: bytes, algorithm: str) -> bytes:
    head = kind + b" " + str(len(data)).encode() + b"\0"
    # SHA-1 is git's choice; a Python in FIPS mode refuses it without the flag.
    return hashlib.new(algorithm, head + data, usedforsecurity=False).digest()
