"""The report that machines read, and read back."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.envelope import format_data, validator
from lockstep.report.json_report import format_outcome, outcome_envelope, read_report
from tests.unit.report.outcomes import CLUSTER, ORDINARY, PARTIAL, WAIVED, WAIVER, WRONG, outcomes

COUNTS = {"approvals": 0, "errors": 1, "warnings": 1, "suppressed": 1, "notes": 0}


def report() -> Any:
    return json.loads(format_outcome(ORDINARY))


def test_the_object_has_findings_with_all_that_is_known_of_them() -> None:
    found = report()
    assert (found["schemaVersion"], found["verb"]) == (1, "check")
    assert found["exitCode"] == 11
    assert found["summary"] == {
        "clusters": 3, "families": 1, "approvals": 0, "errors": 1, "warnings": 1, "suppressed": 1,
        "notes": 0,
    }  # fmt: skip
    assert found["findings"][1] == {
        "rule": WRONG.rule, "severity": "error", "message": WRONG.message, "fix": WRONG.fix,
        "file": CLUSTER, "line": 9, "column": 13, "pointer": "/spec/region",
        "related": [
            {"file": "clusters/prod/fraud/family.yaml", "line": 4, "column": 3,
             "note": "inherited here"},
        ],
        "suppression": None,
    }  # fmt: skip
    assert found["findings"][2]["suppression"] == {
        "file": WAIVER.file, "line": 7, "owner": WAIVER.owner, "reason": WAIVER.reason,
        "ticket": "RISK-7", "expires": "2026-09-30",
    }  # fmt: skip
    assert found["excerpts"][0] == {"file": CLUSTER, "line": 2, "text": "kind: ModelCluster"}
    assert [rule["id"] for rule in found["rules"]] == ["policy.residency", "policy.weights-sum"]


def test_a_clean_result_is_an_object_too() -> None:
    found = json.loads(format_outcome(Outcome(())))
    assert found["summary"] == {
        "approvals": 0,
        "errors": 0,
        "warnings": 0,
        "suppressed": 0,
        "notes": 0,
    }
    assert found["exitCode"] == 0


def test_a_verb_with_an_exit_code_of_its_own_says_it() -> None:
    data = outcome_envelope(ORDINARY, exit_code=ExitCode.VERIFICATION_FAILED).to_data()
    assert data["exitCode"] == 13


def test_counts_of_the_caller_cannot_hide_errors() -> None:
    assert json.loads(format_outcome(Outcome((WRONG,), {"errors": 0})))["summary"]["errors"] == 1


def test_numbers_that_json_does_not_have_are_rejected() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        format_data({"seconds": float("nan")})


def test_the_schema_rejects_what_is_not_of_the_shape() -> None:
    assert validator("check").is_valid(report())
    for name in report():
        part = {key: v for key, v in report().items() if key != name}
        assert not validator("check").is_valid(part)


@given(outcomes())
def test_any_report_is_as_its_schema_says_and_is_read_back_whole(outcome: Outcome) -> None:
    text = format_outcome(outcome)
    validator("check").validate(json.loads(text))
    again = read_report(text)
    if r"\ud" not in text:  # a lone surrogate is escaped, which may move it in the order
        assert format_outcome(again) == text
    assert format_outcome(read_report(format_outcome(again))) == format_outcome(again)
    assert again.exit_code == outcome.exit_code
    assert len(again.findings) == len(arrange(outcome.findings))


def test_what_a_report_tells_is_read_back_equal() -> None:
    again = read_report(format_outcome(ORDINARY))
    assert again == ORDINARY
    assert again.findings[2] == WAIVED


def test_a_part_of_the_fleet_is_in_the_summary_and_read_back() -> None:
    found = json.loads(format_outcome(PARTIAL))["summary"]
    assert (found["clusters"], found["of"], found["base"]) == (3, 1000, "origin/main")
    assert read_report(format_outcome(PARTIAL)) == PARTIAL
    hostile = replace(PARTIAL, summary={**PARTIAL.summary, "base": "##[error]\x1b\udcff\n"})
    text = format_outcome(hostile)
    assert "##[" not in text and text.isascii()
    assert read_report(text).summary["base"] == "##[error]\x1b\\udcff\n"


def change(path: str, value: Any) -> Callable[[Any], None]:
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]

    def edit(found: Any) -> None:
        for part in parents:
            found = found[part]
        found[last] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (change("schemaVersion", 2), "its schemaVersion is 2; only version 1 can be read"),
        (change("schemaVersion", True), "its schemaVersion is true"),
        (change("verb", "status"), 'it is of the verb "status"'),
        (change("findings/0/line", "9"), "/findings/0/line"),
        (change("findings/0/line", 0), "/findings/0/line"),
        (change("findings/0/line", 2.0), "/findings/0/line"),
        (change("findings/0/severity", "grave"), "/findings/0/severity"),
        (change("findings/2/suppression", {}), "/findings/2/suppression"),
        (change("findings/0/related", [{"file": "x"}]), "/findings/0/related/0"),
        (change("summary/clusters", -1), "/summary/clusters"),
        (change("summary/clusters", 10**200), "/summary/clusters"),
        (change("summary/shard", "5"), "/summary/shard"),
        (change("summary/of", "5"), "/summary/of"),
        (change("summary/of", 5.0), "/summary/of"),
        (change("summary/of", 2), "more clusters than its fleet"),
        (change("summary/base", "main"), "/summary"),
        (change("summary", {**COUNTS, "of": 5}), "/summary"),
        (
            change(
                "summary",
                {**PARTIAL.summary, **COUNTS, "base": ""},
            ),
            "/summary/base",
        ),
        (change("summary/errors", 0), "contradict its findings"),
        (change("exitCode", 0), "contradict its findings"),
        (change("findings", []), "contradict its findings"),
        (change("rules", [["policy.x"]]), "/rules/0"),
    ],
)
def test_a_report_of_another_shape_is_rejected(edit: Callable[[Any], None], words: str) -> None:
    found = report()
    edit(found)
    with pytest.raises(ValueError, match=words):
        read_report(json.dumps(found))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "2", '{"schemaVersion": NaN}', "[" * 100_000, b"\xff\xfe{", '"\\ud800"',
     '{"schemaVersion": 1}', '{"schemaVersion": 1, "verb": []}',
     '{"schemaVersion": ' + "9" * 5000 + "}"],
)  # fmt: skip
def test_what_is_not_a_report_is_rejected(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_report(text)


def test_a_report_of_an_earlier_version_says_that_it_is_one() -> None:
    found = report()
    del found["schemaVersion"], found["verb"]
    with pytest.raises(ValueError, match="an earlier version of Lockstep wrote it; check again"):
        read_report(json.dumps({"version": 2, **found}))


def test_fields_of_a_later_version_are_let_pass() -> None:
    found = report()
    found["more"] = found["findings"][0]["more"] = {"seconds": 1.5}
    assert read_report(json.dumps(found)) == ORDINARY


def test_a_name_that_is_not_unicode_is_shown_as_an_escape() -> None:
    finding = Finding("clusters/\udcff.yaml", 1, 1, "r", "m", "f")
    assert (
        read_report(format_outcome(Outcome((finding,)))).findings[0].file.endswith(r"\udcff.yaml")
    )
