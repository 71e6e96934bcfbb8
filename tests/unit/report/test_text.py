"""The report that people read."""

from dataclasses import replace

from hypothesis import given

from lockstep.model.finding import Finding, Related, Severity
from lockstep.model.outcome import Outcome
from lockstep.report.text import format_outcome
from tests.unit.report.outcomes import ORDINARY, PARTIAL, WRONG, outcomes

MISTAKE = Finding("clusters/a.yaml", 3, 7, "weights-sum", "the weights add up to 99", "add 1")
ODD = Finding("clusters/a.yaml", 1, 1, "lock.stale", "old facts", "", severity=Severity.WARNING)


def test_finding_is_a_line_that_editors_understand_and_the_fix_below_it() -> None:
    assert format_outcome(Outcome((MISTAKE,))) == (
        "clusters/a.yaml:3:7: error weights-sum: the weights add up to 99\n    fix: add 1\n1 error"
    )


def test_the_source_line_the_related_places_and_the_waiver_are_shown() -> None:
    assert format_outcome(ORDINARY).split("\n") == [
        "clusters/prod/fraud/eu.yaml:2:1: warning lock.stale: old facts",
        "    2 | kind: ModelCluster",
        "      | ^",
        'clusters/prod/fraud/eu.yaml:9:13: error policy.residency: region "us-east-1" lies in "US"',
        "    9 |   region: us-east-1  # the law",
        "      |             ^",
        "    fix: choose another region",
        "    also clusters/prod/fraud/family.yaml:4:3 inherited here",
        "clusters/prod/fraud/us.yaml:3:5: suppressed policy.image-by-digest: image is a tag",
        "    fix: use a digest",
        "    waived until 2026-09-30 by risk-ml@example.com (RISK-7): until the move "
        "[policies/data/waivers.yaml:7]",
        "1 error and 1 warning in 3 clusters; 1 suppressed",
    ]


def test_findings_are_in_report_order_and_once() -> None:
    lines = format_outcome(Outcome((MISTAKE, ODD, MISTAKE), {"clusters": 3})).splitlines()
    assert lines[0] == "clusters/a.yaml:1:1: warning lock.stale: old facts"
    assert lines[1].startswith("clusters/a.yaml:3:7:")
    assert lines[-1] == "1 error and 1 warning in 3 clusters"
    assert len(lines) == 4


def test_clean_result_says_so() -> None:
    assert format_outcome(Outcome(())) == "no errors"
    assert format_outcome(Outcome((), {"clusters": 1})) == "no errors in 1 cluster"
    assert format_outcome(Outcome((), {"clusters": 0})) == "no errors"
    shard = format_outcome(Outcome((), {"clusters": 2, "shard": "1/4\n"}))
    assert shard == r"no errors in 2 clusters of shard 1/4\n"


def test_a_part_of_the_fleet_is_not_shown_as_the_whole() -> None:
    last = format_outcome(PARTIAL).splitlines()[-1]
    assert last == (
        "1 error and 1 warning in 3 of 1,000 clusters; the others are as on origin/main; "
        "1 suppressed"
    )


def test_hostile_text_cannot_write_to_the_terminal_or_forge_a_line() -> None:
    forged = "a\nclusters/b.yaml:1:1: ok\r\x1b[2K"
    hostile = Finding("clusters/\x1b]0;x\x07.yaml", 1, 1, "r", forged, "\u202eb\x9b1m")
    text = format_outcome(Outcome((hostile,), excerpts={(hostile.file, 1): "x\x1b[2K\ny"}))
    assert len(text.splitlines()) == 5
    assert r"clusters/\x1b]0;x\x07.yaml:1:1: error r: a\nclusters/b.yaml:1:1: ok\r\x1b[2K" in text
    assert r"fix: \u202eb\x9b1m" in text


def test_no_line_is_a_command_to_a_ci_runner() -> None:
    attack = "::stop-commands::x ##[group]x ##vso[task.complete] ##teamcity[x]"
    finding = replace(WRONG, file=attack, message=attack, fix=attack)
    text = format_outcome(Outcome((finding,), excerpts={(attack, finding.line): attack}))
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "##[" not in text and "##vso[" not in text and "##teamcity[" not in text


def test_colour_is_given_only_where_asked_and_changes_no_word() -> None:
    import click

    coloured = format_outcome(ORDINARY, colour=True)
    assert "\x1b[31m" in coloured
    assert click.unstyle(coloured) == format_outcome(ORDINARY)


@given(outcomes())
def test_any_outcome_has_a_head_for_each_finding_and_one_last_line(outcome: Outcome) -> None:
    lines = format_outcome(outcome).split("\n")
    heads = [line for line in lines if not line.startswith("    ")]
    assert lines[-1] == heads[-1] and " in 3 clusters" in lines[-1]
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines)


def test_of_very_many_related_places_the_rest_is_counted() -> None:
    related = tuple(Related(f"clusters/{n:03}.yaml", 1, 1, "uses it") for n in range(53))
    text = format_outcome(Outcome((replace(WRONG, related=related),)))
    assert text.count("    also clusters/") == 20
    assert "    and 33 more places; the JSON report has them all\n" in text
