"""The reference of records: every field, and commands that verify a real ledger."""

import json
import re
from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.spec.schema.load import read_schemas
from lockstep.spec.schema.record_reference import record_reference
from tests.unit.model.records import FULL

ROOT = Path(__file__).resolve().parents[4]


def text() -> str:
    folder = ROOT / "policies/schemas"
    paths = {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in folder.rglob("*.json")}
    return record_reference(read_schemas(paths))


def test_every_field_of_a_full_record_has_a_row() -> None:
    from lockstep.model.record import write_record

    spec = json.loads(write_record(FULL))["spec"]
    rows = set(re.findall(r"^\| `spec\.(\w+)", text(), re.MULTILINE))
    assert spec.keys() <= rows


def test_a_record_schema_that_is_missing_is_an_error() -> None:
    with pytest.raises(LockstepError):
        record_reference({})
