"""The data of the policies, merged by OPA itself, as it does when it serves them.

A merge in Python could differ from OPA's, and the bundle must hold what a child process sees.
"""

import json
import re
from pathlib import Path

from lockstep.edges import process
from lockstep.model.errors import LockstepError
from lockstep.opa.files import as_in_repository
from lockstep.text.sanitise import one_line, quoted

_TIMEOUT = 60.0
_CONFLICT = re.compile(r"(\S+): merge error: conflicting values at (\S+), also defined in (\S+)")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Below them are the rules, Lockstep's own answers, and what OPA itself evaluates.
_RESERVED = ("lockstep", "system")


def data_document(opa: Path, folder: Path) -> bytes:
    """The files in ``policies/data`` below ``folder``, merged into one document, as JSON.

    Raises LockstepError when a file is not a YAML or JSON object, two files define the same key,
    or a key at the root is one that rules use.
    """
    data = _evaluated("data", opa, folder)
    try:
        keys = [*json.loads(data)]
    except (ValueError, TypeError):
        raise LockstepError(
            "opa eval gave no data", where="policies/data",
            fix="write a YAML or JSON object into each file there",
        ) from None  # fmt: skip
    if _evaluated("data.system", opa, folder):  # OPA leaves it out of the value of "data"
        keys.append("system")
    for key in keys:
        if key in _RESERVED or not _KEY.fullmatch(key):
            raise LockstepError(
                f"data must not have the key {quoted(key, 80)} at its root", where="policies/data",
                fix="put it below a key of its own, such as thresholds",
            )  # fmt: skip
    return data


def _evaluated(query: str, opa: Path, folder: Path) -> bytes:
    """The value of a query as JSON; nothing where it is undefined."""
    argv = [str(opa), "eval", "--format=raw", "--data=policies/data", query]
    # In the folder, so that errors name files by the paths that the repository has.
    done = process.run(argv, cwd=folder, env={}, timeout=_TIMEOUT)
    if done.returncode:
        raise _refused(as_in_repository(done.error_text))
    return done.stdout.strip()


def _refused(said: str) -> LockstepError:
    conflict = _CONFLICT.search(said)
    if conflict:
        file, key, other = conflict.groups()
        return LockstepError(
            f"{key.removeprefix('data.')} is defined twice: here, and in {other}", where=file,
            fix="keep it in one of the two files",
        )  # fmt: skip
    file, separator, why = said.removeprefix("1 error occurred: ").partition(": ")
    where, message = (file, why) if separator else ("policies/data", said)
    return LockstepError(
        f"this data cannot be read: {one_line(message, 500) or 'opa gave no reason'}", where=where,
        fix="write a YAML or JSON object, with thresholds below the key thresholds",
    )  # fmt: skip
