"""What ``doctor`` looks at on a machine: Python, git, OPA, the registry and the cache."""

import os
import platform
import re
import sys
from importlib.metadata import version

from lockstep.check.probing import MISSING, WARNING, Found, missing, ok, warning
from lockstep.edges import process
from lockstep.edges.cache import Cache
from lockstep.edges.content_key import content_key
from lockstep.model.registry_variables import URI_VARIABLE
from lockstep.opa.binary import find_opa, opa_version, require_version
from lockstep.registry.factory import reach_registry

_OLDEST_PYTHON = (3, 11)
_OLDEST_GIT = (2, 38)
"""Older ones cannot merge without a work tree: git merge-tree --write-tree."""

_SECONDS = 10.0


def _python() -> Found:
    found = f"{platform.python_version()} with click {version('click')}, {sys.executable}"
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return missing(found, "install Python 3.11 or newer")
    return ok(found)


def _git() -> Found:
    said = process.run(["git", "--version"], timeout=_SECONDS).stdout.decode(errors="replace")
    match = re.search(r"(\d+)\.(\d+)[.\d]*", said)
    if not match:
        return missing(f"git reports no version: {said.strip()}", "install git 2.38 or newer")
    if (int(match[1]), int(match[2])) < _OLDEST_GIT:
        return missing(f"{match[0]} is too old", "install git 2.38 or newer")
    return ok(match[0])


def _opa() -> Found:
    program = find_opa()
    found = opa_version(program)
    require_version(program, found)
    return ok(f"{found}, {program}")


def _registry() -> Found:
    if not os.environ.get(URI_VARIABLE):
        return warning(
            "no registry is named; only lock, propose and advance ask one",
            f"set {URI_VARIABLE} to the tracking server's address",
        )
    return ok(f"{reach_registry(_SECONDS)} answers")


def _cache() -> Found:
    cache = Cache.of_user()
    if cache.folder is None:
        return warning("it is turned off, so each check evaluates everything again",
                       "unset LOCKSTEP_CACHE, and set HOME to an absolute path")  # fmt: skip
    key = content_key([], ["doctor"])
    cache.put(key, True)
    if cache.get(key) is not True:
        fix = "give it to this user alone (chmod go-w), outside of any work tree"
        return warning(f"{cache.folder} cannot be used", f"{fix}; or name another: LOCKSTEP_CACHE")
    return ok(str(cache.folder))


MACHINE = (
    ("Python", MISSING, _python),
    ("git", MISSING, _git),
    ("OPA", MISSING, _opa),
    ("registry", MISSING, _registry),
    ("cache", WARNING, _cache),
)
"""Each part of a machine, how bad it is where it fails, and what looks at it."""
