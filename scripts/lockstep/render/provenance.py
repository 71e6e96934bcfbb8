"""PROVENANCE: what a rendered folder was made from, and what it must hold.

The file has no ending, because Argo CD reads every ``.yaml`` and ``.json`` as a manifest. It
names no version of the package and no time, so the same inputs always give the same bytes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from json.encoder import encode_basestring

from lockstep.model.canonical import digest_bytes
from lockstep.model.document import Json

FILE_NAME = "PROVENANCE"

RENDER_FORMAT = 5
"""Raised only when the bytes of the golden manifests change."""

_FIELDS = {"renderFormat", "inputs", "templates", "outputs", "restoredFrom", "restoredFor"}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# A full id of SHA-1 or of SHA-256: a short one can become ambiguous.
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Provenance:
    """The content of one PROVENANCE file.

    ``inputs`` holds the digest of the fields that were used of the spec and of the environment,
    and of the lock identities by version; ``templates`` the digest of each template by
    component; ``outputs`` that of each file by name. Where a revert restored old bytes
    instead of rendering them, ``restored_from`` is the commit that they are from and
    ``restored_for`` the inputs that today's renderer had for the same spec.
    """

    inputs: Mapping[str, Json]
    templates: Mapping[str, str]
    outputs: Mapping[str, str]
    render_format: int = RENDER_FORMAT
    restored_from: str | None = None
    restored_for: Mapping[str, Json] | None = None

    def holds(self, files: Mapping[str, bytes]) -> bool:
        """Whether ``files`` (by name, PROVENANCE left out) are exactly the recorded outputs."""
        return digests(files) == self.outputs

    def to_bytes(self) -> bytes:
        """The file's bytes: JSON with sorted keys, two spaces and a final newline."""
        body: Json = {
            "renderFormat": self.render_format,
            "inputs": self.inputs,
            "templates": self.templates,
            "outputs": self.outputs,
        }
        if self.restored_from is not None:
            body["restoredFrom"] = self.restored_from
            body["restoredFor"] = self.restored_for
        return (_pretty(body, "") + "\n").encode()


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """The digest of each file by name, in name order, PROVENANCE left out."""
    return {name: digest_bytes(files[name]) for name in sorted(files) if name != FILE_NAME}


def parse_provenance(data: bytes) -> Provenance:
    """The inverse of ``to_bytes``. Raises ValueError for anything else."""
    try:
        body = json.loads(data)
    # Anyone can edit the file: one that is nested very deep must not end the run.
    except (ValueError, RecursionError):
        raise ValueError("PROVENANCE is not JSON") from None
    if not isinstance(body, dict) or not body.keys() <= _FIELDS:
        raise ValueError("PROVENANCE is not a mapping of the known fields")
    _require(type(body.get("renderFormat")) is int, "renderFormat")
    _require(isinstance(body.get("inputs"), dict), "inputs")
    for name in ("templates", "outputs"):
        _require(_are_digests(body.get(name)), name)
    commit, restored_for = body.get("restoredFrom"), body.get("restoredFor")
    _require(commit is None or _is_commit(commit), "restoredFrom")
    # Only both together are the mark of a revert.
    _require(isinstance(restored_for, dict) == (commit is not None), "restoredFor")
    return Provenance(
        body["inputs"], body["templates"], body["outputs"], body["renderFormat"],
        commit, restored_for,
    )  # fmt: skip


def restore_provenance(old: bytes, inputs: Mapping[str, Json], commit: str) -> bytes:
    """PROVENANCE for a folder whose old bytes are restored because the renderer has changed.

    ``old`` is the PROVENANCE of those bytes in ``commit`` (a full id); ``inputs`` are those that
    the restored spec has today. Raises ValueError for a malformed one.
    """
    _require(_is_commit(commit), "restoredFrom")
    return replace(parse_provenance(old), restored_from=commit, restored_for=inputs).to_bytes()


def original_provenance(restored: Provenance) -> Provenance:
    """The provenance as it was before a restore marked it."""
    return replace(restored, restored_from=None, restored_for=None)


def _pretty(value: Json, indent: str) -> str:
    """What json.dumps with an indent gives, but quicker: with an indent it is not in C."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if not value:
        return "{}"
    deeper = indent + "  "
    lines = (
        f"{deeper}{encode_basestring(key)}: "
        f"{encode_basestring(item) if type(item) is str else _pretty(item, deeper)}"
        for key, item in sorted(value.items())
    )
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _is_commit(text: Json) -> bool:
    return isinstance(text, str) and _COMMIT.fullmatch(text) is not None


def _require(holds: object, name: str) -> None:
    if not holds:
        raise ValueError(f"PROVENANCE has no valid {name}")


def _are_digests(value: Json) -> bool:
    return isinstance(value, dict) and all(
        isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in value.values()
    )
