"""Findings as text for a terminal: one line each, what to do below it, and a last line."""

from collections.abc import Iterable, Mapping

from lockstep.model.finding import Finding, Severity, arrange
from lockstep.report.safe import one_line


def format_findings(
    findings: Iterable[Finding], summary: Mapping[str, object] | None = None
) -> str:
    """The findings in report order, and how many there are; ends without a line break.

    ``summary`` holds counts of what was checked, such as ``{"clusters": 3}``.
    """
    arranged = arrange(findings)
    parts = [_finding(finding) for finding in arranged]
    return "\n".join([*parts, _last_line(arranged, summary or {})])


def count(number: int, noun: str) -> str:
    """``1 error``, ``3 errors``, ``no errors``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _finding(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    head = f"{place}: {finding.severity.value} {finding.rule}: {finding.message}"
    return f"{one_line(head)}\n    fix: {one_line(finding.fix)}" if finding.fix else one_line(head)


def _last_line(findings: tuple[Finding, ...], summary: Mapping[str, object]) -> str:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = len(findings) - errors
    text = count(errors, "error")
    if warnings:
        text += f" and {count(warnings, 'warning')}"
    clusters = summary.get("clusters")
    if isinstance(clusters, int):
        text += f" in {count(clusters, 'cluster')}"
    return text
