"""``lockstep schema docs``: the references, written from schemas, transitions and verbs."""

from collections.abc import Mapping
from pathlib import Path

from lockstep.check.compiled import templates_of
from lockstep.check.pages import write_pages
from lockstep.check.workspace import files_at
from lockstep.edges.git import Git
from lockstep.model.errors import Invalid, UsageError
from lockstep.model.file_results import Pages
from lockstep.render.templates import TemplateFailure
from lockstep.render.trace.field_table import field_table
from lockstep.report import envelope
from lockstep.rollout.diagram import rollout_reference
from lockstep.spec.assemble import assemble
from lockstep.spec.schema.field_reference import reference
from lockstep.spec.schema.flatten import flatten
from lockstep.spec.schema.load import FOLDER, SchemaFiles, read_schemas
from lockstep.spec.schema.record_reference import record_reference
from lockstep.spec.schema.report_reference import report_reference


def run(root: Path, of_verbs: Mapping[str, str], *, compare: bool) -> Pages:
    """Write the references of the work tree around ``root``; with ``compare`` only look at them.

    ``of_verbs`` are the pages about the command line, by path. Raises UsageError in a fleet, which
    has no schemas of its own, and LockstepError where the schemas or the templates cannot be used.
    """
    top = Git.find(root).root
    files = files_at(top, [FOLDER.rstrip("/")])
    if not files:
        raise UsageError(
            "schema docs writes the references of the repository that Lockstep is made in; this "
            f"one has no {FOLDER}, because schemas ship with the program",
            where=str(top),
            fix="lockstep VERB --help describes a verb; lockstep policy docs writes the catalogue "
            "of a fleet's rules",
        )
    schemas = read_schemas(files)
    pages = {
        "docs/reference/fields.md": reference(schemas),
        "docs/reference/records.md": record_reference(schemas),
        "docs/reference/rollout.md": rollout_reference(),
        "docs/reference/rendering.md": _field_table(top, schemas),
        "docs/reference/json.md": report_reference(envelope.schemas()),
        **of_verbs,
    }
    return write_pages(top, pages, compare=compare, rule="schema.docs", fix="lockstep schema docs")


_FLEETS = ("", "tests/golden/")
"""Folders of this repository with fleets that use, together, every field that is rendered."""

_RENDERED = {
    "ModelCluster": "effective-cluster.json",
    "ModelFamily": "model-family.json",
    "Environment": "environment.json",
    "ModelLock": "model-lock.json",
}


def _field_table(top: Path, schemas: SchemaFiles) -> str:
    files = [files_at(top, [f"{folder}clusters"]) for folder in _FLEETS]
    fleets = [
        assemble({path.removeprefix(folder): data for path, data in tree.items()})[0]
        for folder, tree in zip(_FLEETS, files, strict=True)
    ]
    flat = {kind: flatten(schemas, name) for kind, name in _RENDERED.items()}
    templates = templates_of(files_at(top, ["policies", "templates"]))
    try:
        return field_table(fleets, templates, flat)
    except TemplateFailure as error:
        found = error.finding
        raise Invalid(found.message, where=f"{found.file}:{found.line}", fix=found.fix) from error
