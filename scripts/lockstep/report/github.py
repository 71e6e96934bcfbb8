"""Findings as commands to GitHub's runner, which shows them as annotations of the pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.counting import Kind, headline, kind, scope
from lockstep.text.sanitise import cut, one_line

SHOWN = 10
"""The annotations of one kind (error, warning, notice) that GitHub shows for a step."""

MESSAGE = 4000
"""Characters of a message; the runner itself cuts at 4,096 and does not say so."""

_COMMANDS = {
    Kind.APPROVAL: "notice", Kind.ERROR: "error", Kind.WARNING: "warning",
    Kind.SUPPRESSED: "notice", Kind.NOTE: "notice",
}  # fmt: skip
_NOTICES = {Kind.APPROVAL: "needs approval", Kind.SUPPRESSED: "suppressed"}
"""What the title of a notice adds: annotations of GitHub have no kinds of their own for these."""
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
# In a property a colon or a comma has a meaning too: a file name could add properties.
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def format_outcome(outcome: Outcome) -> str:
    """A command for each finding, in report order, and a last line for readers of the log.

    Where only a part of the fleet was checked, or GitHub will not show all findings as
    annotations, the first command is a notice that says so.
    """
    findings = arrange(outcome.findings)
    commands = [_command(finding) for finding in findings]
    return "\n".join(
        [*_notice(findings, scope(outcome.summary)), *commands, headline(findings, outcome.summary)]
    )


def _notice(findings: Sequence[Finding], about: str) -> Iterator[str]:
    """One notice for all, because each leaves room for one suppressed finding less."""
    # By command, because GitHub has a limit for each of them.
    numbers = Counter(_COMMANDS[kind(finding)] for finding in findings)
    numbers["notice"] += bool(about)
    commands = ("error", "warning", "notice")
    over = [f"{numbers[each]:,} {each}s" for each in commands if numbers[each] > SHOWN]
    lines = [about] if about else []
    if over:
        lines.append(
            f"There are {' and '.join(over)}, and GitHub annotates at most {SHOWN} of a kind: "
            "the log of this step has all of them"
        )
    if lines:
        text = "\n".join(lines)
        yield f"::notice title=lockstep::{text.translate(_DATA)}"


def _command(finding: Finding) -> str:
    found = kind(finding)
    place = {
        "file": finding.file,
        "line": str(finding.line),
        "col": str(finding.column),
        "title": finding.rule if found not in _NOTICES else f"{finding.rule} ({_NOTICES[found]})",
    }
    values = ",".join(
        f"{name}={one_line(value).translate(_PROPERTY)}" for name, value in place.items()
    )
    return f"::{_COMMANDS[found]} {values}::{_message(finding).translate(_DATA)}"


def _message(finding: Finding) -> str:
    parts = [finding.message]
    parts += [f"fix: {finding.fix}"] if finding.fix else []
    parts += [f"also {place.file}:{place.line} {place.note}" for place in finding.related]
    waiver = finding.suppression
    parts += [f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"] if waiver else []
    # Cut before the escaping, or it could end inside of an escape.
    return cut("\n".join(map(one_line, parts)), MESSAGE)
