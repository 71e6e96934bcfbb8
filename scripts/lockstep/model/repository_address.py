"""Addresses of git repositories: which host and path they name, however they are reached."""

import posixpath
import re

_HOST = r"(?:[^/@]*@)?(?P<host>\[[^\]]*\]|[^/:]*)"
_URL = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST}(?::\d*)?(?P<path>/.*)?", re.IGNORECASE)
_SCP = re.compile(rf"{_HOST}:(?P<path>.*)")
"""The short form of SSH, ``git@git.example.com:ml/fleet.git``: no slash before the colon."""


def repository_place(address: str) -> tuple[str, str]:
    """Host and path of an address; the host is empty for a folder. Neither slash nor ``.git``."""
    match = _URL.fullmatch(address.strip()) or _SCP.fullmatch(address.strip())
    host, path = (match["host"], match["path"] or "") if match else ("", address.strip())
    bare = posixpath.normpath(path.rstrip("/").removesuffix(".git") or ".").strip("/")
    return host.lower(), bare


def same_repository(one: str, other: str) -> bool:
    """Whether two addresses name the same repository: by host and path, however it is reached."""
    return repository_place(one) == repository_place(other)
