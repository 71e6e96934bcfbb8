"""What holds for every format of findings, whatever the findings say."""

import re
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings

from lockstep.cli.options import FORMATS
from lockstep.model.finding import Related
from lockstep.model.outcome import Outcome, RuleText
from tests.unit.report.outcomes import ORDINARY, WAIVED, WAIVER, WRONG, outcomes, shuffled


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
