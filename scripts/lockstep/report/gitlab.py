"""Findings as a report of GitLab's Code Quality: JSON for ``artifacts: reports: codequality``.

GitLab distinguishes new findings from known ones by ``fingerprint``, and shows each only once.
It has no suppression and no approval: such a finding says so in its description. It is
a bare list of findings, without a place for what was checked: of a part of the fleet, it does not
say that it is one.
"""

from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.counting import Kind, kind
from lockstep.report.envelope import format_data
from lockstep.report.fingerprint import fingerprints
from lockstep.text.sanitise import one_line

_SEVERITIES = {
    Kind.APPROVAL: "major", Kind.ERROR: "critical", Kind.WARNING: "minor", Kind.SUPPRESSED: "info",
    Kind.NOTE: "info",
}  # fmt: skip


def format_outcome(outcome: Outcome) -> str:
    """A JSON array with an object for each finding, in report order."""
    findings = arrange(outcome.findings)
    keyed = zip(findings, fingerprints(findings), strict=True)
    return format_data([_issue(finding, fingerprint) for finding, fingerprint in keyed])


def _issue(finding: Finding, fingerprint: str) -> dict[str, object]:
    found = kind(finding)
    return {
        "description": _description(finding),
        "check_name": one_line(finding.rule),
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[found],
        "location": {"path": one_line(finding.file), "lines": {"begin": finding.line}},
    }


def _description(finding: Finding) -> str:
    text = f"{finding.message} (fix: {finding.fix})" if finding.fix else finding.message
    if kind(finding) is Kind.APPROVAL:
        text = f"[needs approval] {text}"
    if finding.suppression is not None:
        text = f"[suppressed until {finding.suppression.expires}] {text}"
    return one_line(text)
