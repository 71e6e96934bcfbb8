"""Records held against their schema: at the line, whatever else is in them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.model.decision import Record
from lockstep.model.finding import Finding
from lockstep.model.record import read_record
from lockstep.spec.records import RULE, check_records
from lockstep.spec.schema.schemas import Schemas
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import adopted, proposed

ROOT = Path(__file__).parents[3]
LEDGER = proposed(adopted(family()), "2")


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    paths = (ROOT / "policies/schemas").rglob("*.json")
    return Schemas({str(path.relative_to(ROOT)): path.read_bytes() for path in paths})


def found(schemas: Schemas, *records: Record) -> list[Finding]:
    return list(check_records(replace(LEDGER, records=records), schemas))


def test_records_that_were_written_fit(schemas: Schemas) -> None:
    assert found(schemas, *LEDGER.records) == []


def test_a_value_that_does_not_fit_is_found_at_its_line(schemas: Schemas) -> None:
    first, second = LEDGER.records
    body = json.loads(first.data)
    body["spec"]["reason"] = "x" * 5001
    body["spec"]["later"] = "a field of a later version"
    text = json.dumps(body, indent=2, sort_keys=True) + "\n"
    (finding,) = found(schemas, read_record(text.encode()), second)
    line = text.splitlines()[finding.line - 1]
    assert line.startswith('    "reason": "xxx')
    assert (finding.rule, finding.file) == (RULE, first.decision.path)
    assert finding.pointer == "/spec/reason" and "spec.reason" in finding.message
    assert len(finding.message) < 300


def test_evidence_that_could_not_be_read_is_found_even_where_a_schema_allows_it(
    schemas: Schemas,
) -> None:
    odd = replace(LEDGER.records[0], unreadable="Expected bool at evidence")
    (finding,) = found(schemas, odd)
    assert finding.rule == RULE and "cannot be read: Expected bool" in finding.message
