"""``lockstep schema docs``: the references of all fields, written from the schemas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lockstep.edges.files import read_tree, write_changes
from lockstep.edges.git import Git
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.outcome import Outcome
from lockstep.rollout.diagram import rollout_reference
from lockstep.spec.schema.field_reference import reference
from lockstep.spec.schema.load import FOLDER, read_schemas
from lockstep.spec.schema.record_reference import record_reference

REFERENCES: Mapping[str, Callable[[dict[str, Json]], str]] = {
    "docs/records.md": record_reference,
    "docs/rollout.md": lambda schemas: rollout_reference(),
    "docs/schemas.md": reference,
}
"""What the verb writes: from the schemas of the work tree, and from the table of transitions."""


@dataclass(frozen=True)
class Reference:
    """What the verb did: the files that it wrote, and which are out of date with ``compare``."""

    written: tuple[str, ...] = ()
    outcome: Outcome = field(default_factory=lambda: Outcome(()))


def run(root: Path, *, compare: bool) -> Reference:
    """Write the references of the work tree around ``root``; with ``compare`` only look at them.

    Raises LockstepError where the schemas cannot be used.
    """
    top = Git.find(root).root
    schemas = read_schemas(read_tree(top, [FOLDER.rstrip("/")]))
    texts = {path: write(schemas).encode() for path, write in REFERENCES.items()}
    there = read_tree(top, ["docs"])
    stale = {path: text for path, text in texts.items() if there.get(path) != text}
    if compare:
        findings = (_stale(path, there.get(path), text) for path, text in stale.items())
        return Reference(outcome=Outcome(tuple(findings)))
    if stale:
        write_changes(top, stale)
    return Reference(tuple(stale))


def _stale(path: str, there: bytes | None, text: bytes) -> Finding:
    """The finding for a reference that is out of date, at the first line that differs."""
    old, new = (there or b"").splitlines(), text.splitlines()
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    says = "is missing" if there is None else "is out of date"
    line = max(1, min(same + 1, len(old)))
    return Finding(path, line, 1, "schema.docs", f"the reference {says}", "lockstep schema docs")
