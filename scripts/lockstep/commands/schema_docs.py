"""``lockstep schema docs``: the references of all fields, written from the schemas."""

from pathlib import Path

from lockstep.check.pages import write_pages
from lockstep.check.workspace import files_at
from lockstep.edges.git import Git
from lockstep.model.result import Pages
from lockstep.rollout.diagram import rollout_reference
from lockstep.spec.schema.field_reference import reference
from lockstep.spec.schema.load import FOLDER, read_schemas
from lockstep.spec.schema.record_reference import record_reference


def run(root: Path, *, compare: bool) -> Pages:
    """Write the references of the work tree around ``root``; with ``compare`` only look at them.

    Raises LockstepError where the schemas cannot be used.
    """
    top = Git.find(root).root
    schemas = read_schemas(files_at(top, [FOLDER.rstrip("/")]))
    pages = {
        "docs/reference/fields.md": reference(schemas),
        "docs/reference/records.md": record_reference(schemas),
        "docs/reference/rollout.md": rollout_reference(),
    }
    return write_pages(top, pages, compare=compare, rule="schema.docs", fix="lockstep schema docs")
