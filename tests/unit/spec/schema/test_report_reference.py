"""The page about JSON: the fields of a report, and no field of a verb that does not exist."""

import re
from pathlib import Path

from msgspec.structs import fields

from lockstep.model.review import Review
from lockstep.report import differences, drift, json_report, result_data
from lockstep.spec.schema.report_reference import report_reference

PAGE = report_reference(json_report.schema(), differences.schema(), drift.schema())
REPORTS = Path(__file__).parents[4] / "docs/reference/reports.md"


def test_the_fields_of_a_report_are_those_of_its_schema() -> None:
    for row in ("| `exitCode` | `0`, `1`", "| `findings[].rule` | text", "| `summary.shard` |"):
        assert row in PAGE
    assert "Schema: `scripts/lockstep/report/report.schema.json`." in PAGE


def test_the_fields_of_a_difference_are_those_of_its_schema() -> None:
    for row in ("| `objects[].fields[].path` | text", "| `objects[].dangers[].rank` | a whole"):
        assert row in PAGE
    assert "Schema: `scripts/lockstep/report/differences.schema.json`." in PAGE


def test_the_fields_of_drift_are_those_of_its_schema() -> None:
    for row in ("| `drifts[].fields[].live` |", "| `unread[].why` | text"):
        assert row in PAGE
    assert "Schema: `scripts/lockstep/report/drift.schema.json`." in PAGE


def test_the_fields_of_other_verbs_are_those_that_are_printed() -> None:
    source = Path(str(result_data.__file__)).read_text()
    tables = REPORTS.read_text().split("## JSON of other verbs\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\|.*\| (.+) \|$", tables, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert len(named) > 30
    unknown = {name for name in named if f'"{name}"' not in source}
    # A review is printed by its own class, and needs no function that names its fields.
    assert unknown <= {field.encode_name for field in fields(Review)}
