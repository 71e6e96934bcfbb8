"""What OPA's compiler says of the files that are loaded, before their answers are trusted."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lockstep.edges.cache import Cache, content_key
from lockstep.model.errors import LockstepError
from lockstep.opa.binary import judge_version, opa_version
from lockstep.opa.compiler import Compiler, Complaint
from lockstep.opa.files import write_policy_files
from lockstep.opa.schemas import Schemas

_SOUND = "sound"


def require_sound(
    files: Mapping[str, bytes],
    opa: Path,
    schemas: Schemas | None = None,
    cache: Cache | None = None,
) -> None:
    """Have the compiler judge the files that are loaded (see policy_files); remembered by content.

    Raises LockstepError with the first complaint, its place, and the others below it, or where the
    program is too old.
    """
    version = opa_version(opa)
    judge_version(opa, version)
    cache = cache or Cache.of_user()
    asked = json.dumps(schemas or {}, sort_keys=True).encode()
    key = content_key([files, {"schemas": asked}], ["opa check", version])
    if cache.get(key) == _SOUND:
        return
    with tempfile.TemporaryDirectory(prefix="lockstep-opa-") as name:
        write_policy_files(files, Path(name))
        _refuse(Compiler(opa, Path(name), schemas).complaints())
    cache.put(key, _SOUND)


def _refuse(complaints: Sequence[Complaint]) -> None:
    if complaints:
        first, *others = complaints
        raise LockstepError(
            "\n  also ".join((first.message, *map(str, others))), where=first.where,
            fix="mend the policy there; lockstep policy test compiles and tests all of them",
        )  # fmt: skip
