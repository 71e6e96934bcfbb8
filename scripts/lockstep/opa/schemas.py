"""JSON schemas for rules, written where ``opa check`` looks for them.

Tried on 1.22: ``schema.cluster`` of an annotation is the file ``cluster.json``. OPA reads
``properties`` (always closed), one ``type`` (of a list it takes one), ``items``, ``anyOf`` and
``allOf`` of objects, and ``$ref`` to ``#/...``; the rest it ignores. It fetches a remote reference
and opens a file, so that only local ones are let through. Without schemas it ignores annotations.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError

Schemas = Mapping[str, Json]
"""JSON schemas by the name that rules know them by: ``cluster`` is ``schema.cluster``."""

_NAME = re.compile(r"[a-z][a-z0-9_-]*(?:/[a-z][a-z0-9_-]*)*")
_REFERRING = frozenset({"$ref", "$id", "id"})
_WHERE = "policies/schemas"


def write_schemas(schemas: Schemas, into: Path) -> None:
    """Write each schema to a file below a folder. Raises LockstepError for a name that no rule can
    write, or a reference to anything outside the schema itself."""
    for name, schema in schemas.items():
        if not _NAME.fullmatch(name):
            raise LockstepError(f"no rule can name a schema {name[:80]!r}", where=_WHERE)
        for reference in _references(schema):
            if not reference.startswith("#/"):
                raise LockstepError(
                    f"schema {name} refers to {reference[:80]!r}", where=_WHERE,
                    fix="a schema for rules holds all that it needs: refer to #/$defs/...",
                )  # fmt: skip
        target = into / f"{name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(schema))


def _references(schema: Json) -> Iterator[str]:
    """Every reference in a schema, and every id: OPA resolves references against these."""
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)
    if isinstance(schema, dict):
        yield from (s for k, s in schema.items() if k in _REFERRING and isinstance(s, str))
        for part in schema.values():
            yield from _references(part)
