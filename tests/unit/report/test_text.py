"""The report that people read."""

from lockstep.model.finding import Finding, Severity
from lockstep.report.text import count, format_findings

WRONG = Finding("clusters/a.yaml", 3, 7, "weights-sum", "the weights add up to 99", "add 1")
ODD = Finding("clusters/a.yaml", 1, 1, "lock.stale", "old facts", "", severity=Severity.WARNING)


def test_finding_is_a_line_that_editors_understand_and_the_fix_below_it() -> None:
    assert format_findings([WRONG]) == (
        "clusters/a.yaml:3:7: error weights-sum: the weights add up to 99\n    fix: add 1\n1 error"
    )


def test_findings_stand_in_report_order_and_once() -> None:
    lines = format_findings([WRONG, ODD, WRONG], {"clusters": 3}).splitlines()
    assert lines[0] == "clusters/a.yaml:1:1: warning lock.stale: old facts"
    assert lines[1].startswith("clusters/a.yaml:3:7:")
    assert lines[-1] == "1 error and 1 warning in 3 clusters"
    assert len(lines) == 4


def test_clean_result_says_so() -> None:
    assert format_findings([]) == "no errors"
    assert format_findings([], {"clusters": 1}) == "no errors in 1 cluster"


def test_hostile_text_cannot_write_to_the_terminal_or_forge_a_line() -> None:
    hostile = Finding(
        "clusters/\x1b]0;x\x07.yaml",
        1,
        1,
        "r",
        "a\nclusters/b.yaml:1:1: ok\r\x1b[2K",
        "\u202eb\x9b1m",
    )
    text = format_findings([hostile])
    assert len(text.splitlines()) == 3
    assert all(line.isprintable() for line in text.split("\n"))
    assert r"clusters/\x1b]0;x\x07.yaml:1:1: error r: a\nclusters/b.yaml:1:1: ok\r\x1b[2K" in text
    assert r"fix: \u202eb\x9b1m" in text


def test_count() -> None:
    assert [count(n, "error") for n in (0, 1, 2)] == ["no errors", "1 error", "2 errors"]
