"""Findings as a comment on a pull request, in the Markdown of GitHub and GitLab."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.counting import Kind, by_urgency, headline, kind, list_counts
from lockstep.report.excerpt import draw
from lockstep.report.markup import code, details, fence, words
from lockstep.report.text import RELATED

LIMIT = 65_000
"""Characters of a report: a comment on GitHub holds 65,536, and a workflow may put a mark into it
by which it finds the comment again. GitLab allows 1,000,000."""

_RESERVE = 1_000
"""Room for the headline, the folded part and the note about what is not shown."""


def format_outcome(outcome: Outcome) -> str:
    """A headline, what needs approval, the other findings by file, and, folded, waived ones.

    Where not all fit, the least urgent are left out, and a note counts them and says where to look.
    """
    findings = arrange(outcome.findings)
    blocks = {finding: _finding(finding, outcome) for finding in findings}
    kept = _fitting(blocks, LIMIT - _RESERVE)
    counting = [each for each in findings if kind(each) is not Kind.SUPPRESSED]
    waived = [each for each in findings if kind(each) is Kind.SUPPRESSED]
    parts = [f"### Lockstep: {headline(findings, outcome.summary, words)}"]
    parts += _by_file([each for each in counting if each in kept], blocks)
    shown = [each for each in waived if each in kept]
    if shown:
        parts.append(details(f"{len(shown)} suppressed by waivers", _by_file(shown, blocks)))
    left = [each for each in findings if each not in kept]
    if left:
        parts.append(
            f"**Not shown: {list_counts(left)}.** They do not fit into a comment. "
            "The text and the JSON report of `lockstep check` have all."
        )
    return "\n\n".join(parts)


def _fitting(blocks: dict[Finding, str], room: int) -> set[Finding]:
    """The most urgent findings whose blocks, with the headings of their files, fit together."""
    kept: set[Finding] = set()
    headed: set[tuple[str, Kind | None]] = set()
    for finding in by_urgency(blocks):
        # What needs approval is before all others, so it has a heading of its own.
        found = kind(finding)
        part = (finding.file, found if found in (Kind.APPROVAL, Kind.SUPPRESSED) else None)
        # 2 for the blank line after each block.
        room -= len(blocks[finding]) + 2
        room -= len(_heading(finding.file)) + 2 if part not in headed else 0
        if room < 0:
            break  # not continue: no warning is kept in place of a longer error
        headed.add(part)
        kept.add(finding)
    return kept


def _by_file(findings: Sequence[Finding], blocks: dict[Finding, str]) -> Iterator[str]:
    for file, group in groupby(findings, lambda finding: finding.file):
        yield _heading(file)
        yield from (blocks[finding] for finding in group)


def _heading(file: str) -> str:
    return f"#### {code(file)}"


def _finding(finding: Finding, outcome: Outcome) -> str:
    place = f"{finding.line}:{finding.column}"
    head = f"**{kind(finding)}** {code(finding.rule)} at {place}: "
    lines = [head + code(finding.message)]
    excerpt = outcome.excerpts.get((finding.file, finding.line))
    if excerpt is not None:
        lines.append(fence(list(draw(excerpt, finding.line, finding.column))))
    below = list(notes(finding, lambda *at: code(":".join(map(str, at)))))
    if below:
        lines.append("\n".join(f"- {note}" for note in below))
    return "\n\n".join(lines)


def notes(finding: Finding, shown: Callable[[str, int, int], str]) -> Iterator[str]:
    """What is said below a finding: its fix, other places, its waiver.

    ``shown`` gives the Markdown of a place: file, line and column.
    """
    if finding.fix:
        yield f"fix: {code(finding.fix)}"
    for place in finding.related[:RELATED]:
        where = shown(place.file, place.line, place.column)
        yield f"also {where}" + (f" {code(place.note)}" if place.note else "")
    if len(finding.related) > RELATED:
        yield f"and {len(finding.related) - RELATED} more places"
    waiver = finding.suppression
    if waiver:
        yield f"waived until {code(waiver.expires)} by {code(waiver.owner)}"
        yield f"because: {code(waiver.reason)}"
        if waiver.ticket:
            yield f"ticket: {code(waiver.ticket)}"
        yield f"waiver: {code(f'{waiver.file}:{waiver.line}')}"
