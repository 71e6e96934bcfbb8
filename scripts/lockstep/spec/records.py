"""Whether decision records fit their schema, beyond what a program needs to read them."""

from collections.abc import Iterator
from dataclasses import replace

from lockstep.model.decision import Record
from lockstep.model.document import Document, Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.model.record import body_of
from lockstep.spec.place import Place
from lockstep.spec.schema.messages import Problem
from lockstep.spec.schema.schemas import Schemas, problem_finding
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import one_line

RULE = "ledger.schema"
"""The rule of these findings. The records can be read, so they stop no rollback."""

_FIX = "restore the record from git; Lockstep writes none that does not fit its schema"


def check_records(family: Family, schemas: Schemas) -> Iterator[Finding]:
    """What in the records of a family does not fit the schema of decisions, at the line."""
    for record in family.records:
        body = body_of(record)
        problems = schemas.problems(schemas.file_of("Decision"), body)
        if record.unreadable and not problems:  # the codec is stricter than this schema
            says = f"cannot be read: {one_line(record.unreadable, 200)}"
            problems = [Problem(("spec", "evidence"), RULE, says, _FIX)]
        if problems:
            yield from _findings(record, body, problems)


def _findings(record: Record, body: Json, problems: list[Problem]) -> Iterator[Finding]:
    # JSON is read as YAML for its lines only here: it costs a hundred times what the check does.
    path = record.decision.path
    document, _ = load_yaml(path, record.data)
    for problem in problems:
        place = Place(document or Document(path, body), problem.pointer)
        # One rule and one fix for all, because no field of a record is ever corrected by hand.
        yield replace(problem_finding(place, problem), rule=RULE, fix=_FIX)
