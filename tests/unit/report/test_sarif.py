"""The SARIF report: as the standard's own schema says, and as GitHub wants it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from hypothesis import given

from lockstep.model.finding import Finding, Related, Severity
from lockstep.model.outcome import Outcome, RuleText
from lockstep.report import sarif
from lockstep.report.sarif import format_outcome
from tests.unit.report.outcomes import CLUSTER, ORDINARY, PARTIAL, WRONG, many, outcomes

SCHEMA = Path(__file__).resolve().parents[2] / "data" / "sarif-schema-2.1.0.json"
VALIDATOR = jsonschema.Draft4Validator(json.loads(SCHEMA.read_text()))


def run(outcome: Outcome) -> Any:
    log = json.loads(format_outcome(outcome))
    VALIDATOR.validate(log)
    assert len(log["runs"]) == 1
    return log["runs"][0]


def result(finding: Finding, text: str = "") -> Any:
    lines = {(finding.file, finding.line): text} if text else {}
    return run(Outcome((finding,), excerpts=lines))["results"][0]


def test_a_result_has_its_place_with_the_source_text() -> None:
    first, second, _ = run(ORDINARY)["results"]
    place = second["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": CLUSTER, "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {
        "startLine": 9, "startColumn": 13, "endLine": 9, "endColumn": 31,
        "snippet": {"text": ORDINARY.excerpts[CLUSTER, 9][12:]},
    }  # fmt: skip
    assert (first["level"], second["level"]) == ("warning", "error")
    assert second["ruleId"] == "policy.residency"


def test_columns_are_counted_as_lockstep_counts_them() -> None:
    assert run(ORDINARY)["columnKind"] == "unicodeCodePoints"
    region = result(replace(WRONG, column=3), text="世界us")["locations"][0]["physicalLocation"][
        "region"
    ]
    assert (region["endColumn"], region["snippet"]["text"]) == (5, "us")


def test_related_places_are_linked_from_the_message() -> None:
    found = result(WRONG)
    assert found["relatedLocations"][0]["id"] == 1
    assert "[line 4](1)" in found["message"]["text"]
    assert "Fix: choose another region" in found["message"]["text"]


def test_a_waiver_is_a_suppression_with_its_reason() -> None:
    _, wrong, waived = run(ORDINARY)["results"]
    assert "suppressions" not in wrong
    suppression = waived["suppressions"][0]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"] == (
        "until the move (RISK-7); waived by risk-ml@example.com until 2026-09-30"
    )
    assert waived["level"] == "error"


def test_rules_are_described_and_named_by_index() -> None:
    found = run(ORDINARY)
    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [
        "lock.stale", "policy.image-by-digest", "policy.residency", "policy.weights-sum",
    ]  # fmt: skip
    assert rules[2]["shortDescription"]["text"] == "Data stays where it may be"
    assert rules[2]["help"]["text"] == "Regions and the law."
    assert rules[2]["properties"]["tags"] == ["privacy"]
    for each in found["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]


def test_texts_of_a_rule_are_within_githubs_limits_and_a_cut_is_said() -> None:
    rule = RuleText("policy.x", "t" * 5000, "d" * 5000, "c")
    described = run(Outcome((), rules=(rule,)))["tool"]["driver"]["rules"][0]
    assert len(described["name"]) <= 255
    for part in ("shortDescription", "fullDescription"):
        assert len(described[part]["text"]) <= 1024
        assert described[part]["text"].endswith("more characters)")
    assert described["help"]["text"] == "d" * 5000


def test_the_fingerprint_stays_when_lines_move_and_is_not_githubs_own() -> None:
    here, there = result(WRONG), result(replace(WRONG, line=99))
    assert here["partialFingerprints"] == there["partialFingerprints"]
    assert list(here["partialFingerprints"]) == ["lockstepFinding/v1"]


def test_the_exit_code_is_given() -> None:
    invocation = run(ORDINARY)["invocations"][0]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 11)
    unevaluated = Outcome((replace(WRONG, rule="policy.error"),))
    assert run(unevaluated)["invocations"][0]["executionSuccessful"] is False


def test_a_part_of_the_fleet_is_a_property_of_the_run() -> None:
    assert run(PARTIAL)["properties"] == {
        "scope": "3 of 1,000 clusters checked; the others are as on origin/main",
        "clusters": 3, "of": 1000, "base": "origin/main",
    }  # fmt: skip
    assert "properties" not in run(ORDINARY)
    failed = run(Outcome((), {"clusters": 1, "of": 2}))["properties"]
    assert failed["scope"] == "1 of 2 clusters checked; the others were not checked"
    assert "base" not in failed


def test_more_results_than_github_allows_are_cut_by_urgency_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sarif.RESULTS == 25_000
    monkeypatch.setattr(sarif, "RESULTS", 5)
    findings = many(4, Severity.WARNING, "lock.stale") + many(3)
    found = run(Outcome(tuple(findings)))
    levels = [each["level"] for each in found["results"]]
    assert (levels.count("error"), levels.count("warning")) == (3, 2)
    note = found["invocations"][0]["toolExecutionNotifications"][0]
    assert "Not in this file: 2 warnings" in note["message"]["text"]


def test_more_related_places_than_github_allows_are_counted() -> None:
    related = tuple(Related("a.yaml", n, 1, "here") for n in range(1, 151))
    found = result(replace(WRONG, related=related))
    assert len(found["relatedLocations"]) == 99
    assert "And 51 more related places." in found["message"]["text"]
    assert "](100)" not in found["message"]["text"]


def test_no_path_becomes_a_scheme_a_host_or_a_place_outside() -> None:
    for file in ("https://x.example/y", "//host/x", "/etc/passwd", "a b#c?d%20", "ü/世.yaml"):
        uri = result(replace(WRONG, file=file))["locations"][0]["physicalLocation"][
            "artifactLocation"
        ]["uri"]
        parts = urlsplit(uri)
        assert not (parts.scheme or parts.netloc or parts.query or parts.fragment)
        assert not uri.startswith("/") and uri.isascii()
        assert unquote(uri) == file.lstrip("/")


def test_text_of_a_spec_makes_no_link_and_no_placeholder() -> None:
    found = result(replace(WRONG, message="see [this](http://x.example) {0}", related=()))
    assert "](" not in found["message"]["text"]
    assert "{{0}}" in found["message"]["text"]


@given(outcomes())
def test_any_outcome_is_valid_and_every_result_has_a_fingerprint_of_its_own(
    outcome: Outcome,
) -> None:
    found = run(outcome)
    prints = [each["partialFingerprints"]["lockstepFinding/v1"] for each in found["results"]]
    assert len(set(prints)) == len(prints)
    rules = found["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for each in found["results"]:
        assert each["message"]["text"]
        links = each["message"]["text"].count("](")
        assert links == len(each.get("relatedLocations", []))
