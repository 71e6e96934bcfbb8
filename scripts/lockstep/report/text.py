"""Findings as text for a terminal: where, what, the source line, what to do; then a last line."""

from collections.abc import Iterator
from functools import partial
from typing import Protocol

import click

from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.counting import Kind, headline, kind
from lockstep.report.excerpt import draw
from lockstep.text.sanitise import one_line

_COLOURS = {
    Kind.APPROVAL: "magenta", Kind.ERROR: "red", Kind.WARNING: "yellow", Kind.SUPPRESSED: "cyan",
    Kind.NOTE: "blue",
}  # fmt: skip

RELATED = 20
"""Related places that are shown of one finding: one in a template concerns every cluster."""


class _Paint(Protocol):
    def __call__(self, text: str, *, fg: str | None = None, bold: bool = False) -> str: ...


def format_outcome(outcome: Outcome, *, colour: bool = False) -> str:
    """The findings in report order, and how many there are; ends without a line break.

    ``colour`` is for a terminal only.
    """
    found = format_findings(outcome, colour=colour)
    last = headline(arrange(outcome.findings), outcome.summary)
    return f"{found}\n{last}" if found else last


def format_findings(outcome: Outcome, *, colour: bool = False) -> str:
    """The findings alone; empty where there are none."""
    paint: _Paint = partial(click.style) if colour else _plain
    findings = arrange(outcome.findings)
    return "\n".join(line for finding in findings for line in _finding(finding, outcome, paint))


def _plain(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    return text


def _finding(finding: Finding, outcome: Outcome, paint: _Paint) -> Iterator[str]:
    found = kind(finding)
    place = one_line(f"{finding.file}:{finding.line}:{finding.column}:", log=True)
    what = paint(found.value, fg=_COLOURS[found], bold=True)
    says = one_line(f"{finding.rule}: {finding.message}", log=True)
    yield f"{paint(place, bold=True)} {what} {says}"
    excerpt = outcome.excerpts.get((finding.file, finding.line))
    if excerpt is not None:
        source, caret = draw(excerpt, finding.line, finding.column)
        # Again as a whole: draw escapes each character, and a command of a CI runner has several.
        yield f"    {one_line(source, log=True)}"
        yield f"    {paint(caret, fg=_COLOURS[found])}"
    if finding.fix:
        yield f"    fix: {one_line(finding.fix, log=True)}"
    for also in finding.related[:RELATED]:
        where = f"{also.file}:{also.line}:{also.column}"
        yield f"    also {one_line(f'{where} {also.note}', log=True)}"
    if len(finding.related) > RELATED:
        yield f"    and {len(finding.related) - RELATED} more places; the JSON report has them all"
    if finding.suppression is not None:
        yield f"    {one_line(describe_suppression(finding), log=True)}"


def describe_suppression(finding: Finding) -> str:
    """Who waived a finding, until when, why, and where the waiver is; nothing is escaped."""
    waiver = finding.suppression
    if waiver is None:
        return ""
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    place = f"{waiver.file}:{waiver.line}"
    return f"waived until {waiver.expires} by {waiver.owner}{ticket}: {waiver.reason} [{place}]"
