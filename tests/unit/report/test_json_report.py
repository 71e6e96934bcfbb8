"""The report that machines read."""

import json

import pytest

from lockstep.model.finding import Finding, Severity
from lockstep.report.json_report import VERSION, format_data, format_findings

WRONG = Finding("clusters/a.yaml", 3, 7, "weights-sum", "99\x1b[2J", "add 1", "/spec/variants")
ODD = Finding("clusters/a.yaml", 1, 1, "lock.stale", "old", "", severity=Severity.WARNING)


def test_object_with_findings_and_summary() -> None:
    report = json.loads(format_findings([WRONG, ODD], {"clusters": 3}))
    assert report == {
        "version": VERSION,
        "findings": [
            {
                "rule": "lock.stale", "severity": "warning", "message": "old", "fix": "",
                "file": "clusters/a.yaml", "line": 1, "column": 1, "pointer": "",
            },
            {
                "rule": "weights-sum", "severity": "error", "message": "99\x1b[2J",
                "fix": "add 1", "file": "clusters/a.yaml", "line": 3, "column": 7,
                "pointer": "/spec/variants",
            },
        ],
        "summary": {"clusters": 3, "errors": 1, "warnings": 1},
    }  # fmt: skip


def test_clean_result_is_an_object_too() -> None:
    assert json.loads(format_findings([]))["summary"] == {"errors": 0, "warnings": 0}


def test_counts_of_the_caller_cannot_hide_errors() -> None:
    assert json.loads(format_findings([WRONG], {"errors": 0}))["summary"]["errors"] == 1


def test_output_is_safe_for_a_terminal() -> None:
    text = format_findings([WRONG])
    assert "\x1b" not in text
    assert text.isascii()


def test_numbers_that_json_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        format_data({"seconds": float("nan")})
