"""Findings as SARIF 2.1.0, for GitHub code scanning and other readers of that standard.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
Nothing in it depends on the machine or the time.
"""

from collections.abc import Sequence

from lockstep import __version__
from lockstep.model.document import Json
from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import UNEVALUATED, Outcome
from lockstep.report.counting import Kind, by_urgency, kind, listed
from lockstep.report.fingerprint import fingerprints
from lockstep.report.json_report import format_data
from lockstep.report.sarif_places import ROOT, location, plain, related_locations
from lockstep.report.sarif_rules import describe_rules
from lockstep.text.sanitise import one_line

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

RESULTS = 25_000
"""Results of a run; GitHub refuses a file with more."""

SHOWN = 5_000
"""Results of a run that GitHub shows, by severity; it says so itself where there are more."""

# Not primaryLocationLineHash: GitHub's upload action computes that one, and warns of any other.
_FINGERPRINT = "lockstepFinding/v1"

_LEVELS = {Kind.ERROR: "error", Kind.WARNING: "warning"}


def format_outcome(outcome: Outcome) -> str:
    """A log with one run; findings in report order, the most urgent 25,000 of them."""
    findings = arrange(outcome.findings)
    keyed = dict(zip(findings, fingerprints(findings), strict=True))
    urgent = by_urgency(findings)
    kept, left = set(urgent[:RESULTS]), urgent[RESULTS:]
    rules = describe_rules(outcome.rules, findings)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [
        _result(finding, keyed[finding], index, outcome) for finding in findings if finding in kept
    ]
    driver = {"name": "Lockstep", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(outcome, left)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return format_data({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _invocation(outcome: Outcome, left: Sequence[Finding]) -> Json:
    code = outcome.exit_code
    text = (
        f"Not in this file: {listed(left)}. It holds the {RESULTS} most urgent results, as many as "
        "GitHub accepts; the text and the JSON report have all."
    )
    notes = [{"level": "error", "message": {"text": text}}] if left else []
    return {
        "executionSuccessful": code not in UNEVALUATED.values(),
        "exitCode": int(code),
        "toolExecutionNotifications": notes,
    }


def _result(finding: Finding, fingerprint: str, index: dict[str, int], outcome: Outcome) -> Json:
    related, left_out = related_locations(finding)
    excerpt = outcome.excerpts.get((finding.file, finding.line))
    rule = one_line(finding.rule)
    result = {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "kind": "fail",
        "level": _level(finding),
        "message": {"text": _message(finding, left_out)},
        "locations": [location(finding.file, finding.line, finding.column, excerpt)],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        "properties": {"pointer": one_line(finding.pointer), "fix": one_line(finding.fix)},
    }
    if related:
        result["relatedLocations"] = related
    if finding.suppression is not None:
        result["suppressions"] = [_suppression(finding)]
    return result


def _level(finding: Finding) -> str:
    return _LEVELS.get(kind(finding), finding.severity.value)


def _message(finding: Finding, left_out: int) -> str:
    """What is wrong, what to do, and links to the related locations by their ids."""
    lines = [plain(finding.message) or plain(finding.rule)]
    lines += [f"Fix: {plain(finding.fix)}"] if finding.fix else []
    for number, place in enumerate(finding.related[: len(finding.related) - left_out], 1):
        lines.append(
            f"See [line {place.line}]({number}) of {plain(place.file)} {plain(place.note)}"
        )
    lines += [f"And {left_out} more related places."] if left_out else []
    return "\n\n".join(lines)


def _suppression(finding: Finding) -> Json:
    waiver = finding.suppression
    if waiver is None:
        return {}
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    words = f"{waiver.reason}{ticket}; waived by {waiver.owner} until {waiver.expires}"
    return {
        "kind": "external",
        "status": "accepted",
        "justification": one_line(words),
        "location": location(waiver.file, waiver.line, 1),
    }
