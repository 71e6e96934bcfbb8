"""``lockstep schema docs``: the reference of all fields, written from the schemas."""

from dataclasses import dataclass, field
from pathlib import Path

from lockstep.edges.files import read_tree, write_changes
from lockstep.edges.git import Git
from lockstep.model.finding import Finding
from lockstep.model.outcome import Outcome
from lockstep.spec.schema.load import FOLDER, read_schemas
from lockstep.spec.schema.reference import reference

PATH = "docs/schemas.md"


@dataclass(frozen=True)
class Reference:
    """What the verb did: whether the file was written, and what is wrong with it."""

    written: bool
    outcome: Outcome = field(default_factory=lambda: Outcome(()))


def run(root: Path, *, compare: bool) -> Reference:
    """Write the reference of the work tree around ``root``; with ``compare`` only look at it.

    Raises LockstepError where the schemas cannot be used.
    """
    top = Git.find(root).root
    text = reference(read_schemas(read_tree(top, [FOLDER.rstrip("/")]))).encode()
    there = read_tree(top, ["docs"]).get(PATH)
    if not compare:
        if there != text:
            write_changes(top, {PATH: text})
        return Reference(written=there != text)
    return Reference(written=False, outcome=Outcome(_stale(there, text)))


def _stale(there: bytes | None, text: bytes) -> tuple[Finding, ...]:
    if there == text:
        return ()
    old, new = (there or b"").splitlines(), text.splitlines()
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    says = "is missing" if there is None else "is not what the schemas say"
    fix = "lockstep schema docs"
    line = max(1, min(same + 1, len(old)))
    return (Finding(PATH, line, 1, "schema.docs", f"the reference {says}", fix),)
