"""Commands to GitHub's runner, read the way the runner reads them."""

from dataclasses import replace

import pytest
from hypothesis import given

from lockstep.model.finding import Severity, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.github import MESSAGE, format_outcome
from tests.unit.report.outcomes import CLUSTER, ORDINARY, PARTIAL, WAIVED, WRONG, many, outcomes

Command = tuple[str, dict[str, str], str]


def commands(text: str) -> list[Command]:
    """What the runner makes of a log: only lines that begin with ``::`` count, or hold ``##[``."""
    found = []
    for line in text.split("\n"):
        if not line.lstrip().startswith("::"):
            assert "##[" not in line
            continue
        head, data = line.lstrip()[2:].split("::", 1)
        name, _, properties = head.partition(" ")
        pairs = [each.split("=", 1) for each in properties.split(",") if each]
        found.append((name, {key: undo(value) for key, value in pairs}, undo(data)))
    return found


def undo(text: str) -> str:
    for code, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_each_kind_is_its_own_command_at_its_place() -> None:
    text = format_outcome(ORDINARY)
    warning, error, notice = commands(text)
    assert error == (
        "error",
        {"file": CLUSTER, "line": "9", "col": "13", "title": "policy.residency"},
        'region "us-east-1" lies in "US"\nfix: choose another region\n'
        "also clusters/prod/fraud/family.yaml:4 inherited here",
    )
    assert warning[0] == "warning"
    assert notice[0] == "notice" and notice[1]["title"] == "policy.image-by-digest (suppressed)"
    assert "waived until 2026-09-30 by risk-ml@example.com: until the move" in notice[2]
    assert text.endswith("\n1 error and 1 warning in 3 clusters; 1 suppressed")


def test_colons_commas_and_percents_are_escaped_where_they_have_a_meaning() -> None:
    finding = replace(WRONG, file="a:b,c%2C.yaml", message="50%: a, b::c", fix="", related=())
    line = format_outcome(Outcome((finding,))).split("\n")[0]
    assert "file=a%3Ab%2Cc%252C.yaml," in line
    assert line.endswith("::50%25: a, b::c")


@pytest.mark.parametrize(("number", "noticed"), [(10, 0), (11, 1)])
def test_what_github_does_not_annotate_is_counted_first(number: int, noticed: int) -> None:
    findings = many(number) + many(3, Severity.WARNING)
    found = commands(format_outcome(Outcome(tuple(findings))))
    assert len(found) == number + 3 + noticed
    if noticed:
        assert found[0][0] == "notice" and "There are 11 errors" in found[0][2]
        assert "warnings" not in found[0][2]


def test_a_part_of_the_fleet_is_annotated_as_one() -> None:
    text = format_outcome(PARTIAL)
    name, properties, message = commands(text)[0]
    assert (name, properties) == ("notice", {"title": "lockstep"})
    assert message == "3 of 1,000 clusters checked; the others are as on origin/main"
    assert " in 3 of 1,000 clusters; the others are as on origin/main; " in text.split("\n")[-1]


def test_the_notice_about_a_part_is_one_of_those_that_github_shows() -> None:
    waived = tuple(replace(WAIVED, line=number) for number in range(1, 11))
    found = commands(format_outcome(replace(PARTIAL, findings=waived)))
    assert len(found) == 11
    assert "as on origin/main\nThere are 11 notices, and GitHub" in found[0][2]


def test_no_name_of_a_base_can_forge_a_command() -> None:
    base = "x\n::error::forged\r%0A##[error]"
    text = format_outcome(Outcome((), {"clusters": 1, "of": 2, "base": base}))
    assert [name for name, _, _ in commands(text)] == ["notice"]


def test_a_long_message_is_cut_before_the_runner_does_and_says_so() -> None:
    ((_, _, message),) = commands(format_outcome(Outcome((replace(WRONG, message="x" * 9000),))))
    assert len(message) < 4096
    assert message[:MESSAGE] == "x" * MESSAGE and message.endswith("more characters)")


@given(outcomes())
def test_no_finding_can_forge_a_command_or_a_property(outcome: Outcome) -> None:
    findings = arrange(outcome.findings)
    found = commands(format_outcome(outcome))
    assert len(found) == len(findings)
    for (name, properties, _), finding in zip(found, findings, strict=True):
        assert name in ("error", "warning", "notice")
        assert list(properties) == ["file", "line", "col", "title"]
        assert properties["line"] == str(finding.line)
