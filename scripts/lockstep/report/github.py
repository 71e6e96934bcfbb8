"""Findings as commands to GitHub's runner, which shows them as annotations of the pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Iterator, Sequence

from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.counting import Kind, headline, kind, scope
from lockstep.text.sanitise import cut, one_line

SHOWN = 10
"""The annotations of one kind (error, warning, notice) that GitHub shows for a step."""

MESSAGE = 4000
"""Characters of a message; the runner itself cuts at 4,096 and does not say so."""

_COMMANDS = {Kind.ERROR: "error", Kind.WARNING: "warning", Kind.SUPPRESSED: "notice"}
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
    # By kind, because GitHub has a limit for each of them.
    numbers = {found: sum(kind(finding) is found for finding in findings) for found in Kind}
    numbers[Kind.SUPPRESSED] += bool(about)
    over = [f"{numbers[found]:,} {_COMMANDS[found]}s" for found in Kind if numbers[found] > SHOWN]
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
        "title": f"{finding.rule} (suppressed)" if finding.suppression else finding.rule,
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
