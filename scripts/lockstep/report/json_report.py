"""Findings as JSON for machines; the shape is a promise, and ``version`` names it."""

import json
from collections.abc import Iterable, Mapping

from lockstep.model.finding import Finding, Severity, arrange

VERSION = 1
"""Raised when a field changes its meaning or goes; new fields do not raise it."""


def format_findings(
    findings: Iterable[Finding], summary: Mapping[str, object] | None = None
) -> str:
    """An object with ``version``, ``findings`` in report order and ``summary``; no final newline.

    Each finding has rule, severity, message, fix, file, line, column and pointer. The summary
    has ``errors`` and ``warnings`` beside what the caller counted, such as ``clusters``.
    """
    arranged = arrange(findings)
    errors = sum(finding.severity is Severity.ERROR for finding in arranged)
    report = {
        "version": VERSION,
        "findings": [_finding(finding) for finding in arranged],
        "summary": {
            **(summary or {}),
            "errors": errors,
            "warnings": len(arranged) - errors,
        },
    }
    return format_data(report)


def format_data(data: object) -> str:
    """Any plain data as JSON, indented; every character beyond ASCII is escaped."""
    return json.dumps(data, indent=2, allow_nan=False)


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "fix": finding.fix,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "pointer": finding.pointer,
    }
