"""What holds for every format of findings, whatever the findings say."""

import re
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings

from lockstep.cli.options import FORMATS
from lockstep.model.finding import Finding, Related, Severity
from lockstep.model.outcome import Outcome, RuleText
from tests.unit.report.outcomes import (
    ODD,
    ORDINARY,
    PARTIAL,
    WAIVED,
    WAIVER,
    WRONG,
    outcomes,
    shuffled,
)


def write(output: str, outcome: Outcome) -> str:
    reporter: Any = import_module(f"lockstep.report.{FORMATS[output]}")
    text: str = reporter.format_outcome(outcome)
    return text


@pytest.mark.parametrize("output", FORMATS)
@given(outcome=outcomes())
@settings(max_examples=60)
def test_no_byte_can_reach_a_terminal_and_the_order_does_not_matter(
    output: str, outcome: Outcome
) -> None:
    text = write(output, outcome)
    assert all(line.isprintable() for line in text.split("\n"))
    assert not text.endswith("\n")
    assert text == write(output, shuffled(outcome))


@pytest.mark.parametrize("output", FORMATS)
def test_every_format_tells_every_finding_with_what_to_do(output: str) -> None:
    text = write(output, ORDINARY)
    for finding in ORDINARY.findings:
        assert finding.rule in text
        spellings = [finding.message.replace('"', quote) for quote in ('"', '\\"', "&quot;")]
        assert any(spelling in text for spelling in spellings)
        assert finding.fix in text
    for words in ("suppress", "2026-09-30"):
        assert words in text


@pytest.mark.parametrize("output", FORMATS)
def test_what_needs_approval_comes_first_in_every_format_and_stops_nothing(output: str) -> None:
    needed = Finding(
        "ledger/prod/fraud/000002.json", 1, 1, "approval.adopt", "version 3 is adopted", "",
        severity=Severity.APPROVAL,
    )  # fmt: skip
    outcome = replace(ORDINARY, findings=(*ORDINARY.findings, needed))
    text = write(output, outcome)
    assert "approv" in text and text.index(needed.message) < text.index(ODD.message)
    alone = Outcome((needed,), {"clusters": 3})
    assert outcome.exit_code == 11 and alone.exit_code == 0
    assert not re.search(r"[1-9] error|<failure", write(output, alone))


@pytest.mark.parametrize("output", sorted({*FORMATS} - {"gitlab"}))
def test_every_format_that_has_a_place_for_it_says_that_only_a_part_was_checked(
    output: str,
) -> None:
    text = write(output, PARTIAL)
    assert "origin/main" in text and "origin/main" not in write(output, ORDINARY)
    assert re.search(r"3 of 1,000 clusters|\"of\": 1000", text)


@pytest.mark.parametrize("output", FORMATS)
def test_the_name_of_a_base_is_shown_safely(output: str) -> None:
    base = "x\r\n::error::x\x1b[2K\u202e##vso[task]https://bot:hunter2@git.example.com"
    text = write(output, replace(PARTIAL, summary={**PARTIAL.summary, "base": base}))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\n::error::x" not in text and "hunter2" not in text
    assert re.search(r"##\w*\[", text) is None


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("attack", ["##vso[task.complete result=Failed]", "##[error]x"])
def test_a_runner_that_reads_the_report_obeys_nothing_in_it(output: str, attack: str) -> None:
    finding = replace(WRONG, rule=attack, message=attack, fix=attack, file=attack)
    waived = replace(WAIVED, suppression=replace(WAIVER, owner=attack, reason=attack))
    rules = (RuleText(attack, attack, attack, attack),)
    outcome = Outcome((finding, waived), {}, {(attack, finding.line): attack}, rules)
    assert re.search(r"##\w*\[", write(output, outcome)) is None


@pytest.mark.parametrize("output", FORMATS)
def test_no_credentials_in_a_url_are_shown(output: str) -> None:
    url = "https://bot:hunter2@git.example.com"
    finding = replace(WRONG, message=url, fix=url, related=(Related("a", 1, 1, url),))
    assert "hunter2" not in write(output, Outcome((finding,)))


@pytest.mark.parametrize("output", FORMATS)
def test_no_path_of_this_machine_is_shown(output: str) -> None:
    assert "/work" not in write(output, ORDINARY) and "/home" not in write(output, ORDINARY)
