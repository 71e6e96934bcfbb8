"""The Kubernetes schemas that ship in the kubernetes-validate package.

Its files are read without importing the package, because the import takes longer than a whole
rendering. Only the ``-strict`` schemas refuse unknown fields.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path

from lockstep.model.errors import LockstepError

_VERSION = re.compile(r"\d{1,3}\.\d{1,3}")
_FILE = re.compile(r"_?[a-z0-9-]{1,100}\.json")


def read_kubernetes_schema(version: str, name: str) -> bytes | None:
    """The bytes of a schema file of a Kubernetes version (``1.37``, ``service-v1.json``).

    None where the package has no such version or file. Raises LockstepError where the package is
    not installed.
    """
    if not _VERSION.fullmatch(version) or not _FILE.fullmatch(name):
        return None  # both come from files of a repository, and must not become a path elsewhere
    path = _folder() / f"v{version}.0-local-strict" / name
    return path.read_bytes() if path.is_file() else None


@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise LockstepError(
            "the Kubernetes schemas (package kubernetes-validate) are not installed",
            fix="install Lockstep again: make setup",
        )
    return Path(spec.origin).parent / "kubernetes-json-schema"
