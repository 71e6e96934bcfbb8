"""Findings as SARIF 2.1.0, for GitHub code scanning and other readers of that standard.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
Nothing in it depends on the machine or the time.
"""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from lockstep import __version__
from lockstep.model.document import Json
from lockstep.model.finding import Finding, Severity, arrange
from lockstep.model.outcome import (
    BASE,
    CLUSTERS,
    OF,
    POLICY,
    POLICY_ERROR,
    UNEVALUATED,
    Outcome,
    RuleText,
)
from lockstep.report.counting import by_urgency, list_counts, scope
from lockstep.report.envelope import format_data
from lockstep.report.fingerprint import fingerprints
from lockstep.text.sanitise import cut, one_line

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

RESULTS = 25_000
"""Results of a run; GitHub rejects a file with more."""

SHOWN = 5_000
"""Results of a run that GitHub shows, by severity; GitHub itself says when there are more."""

# Not primaryLocationLineHash: GitHub's upload action computes that, and warns about other values.
_FINGERPRINT = "lockstepFinding/v1"

_ROOT = "%SRCROOT%"
"""The base of every path: the root of the repository, wherever it is checked out."""

_RELATED = 99
"""Related locations of a result; GitHub keeps 100 locations, the result's own among them."""

_SNIPPET = 1_000
"""Characters of a region; the last column of a longer one shows where it was cut."""

_TEXT = 900
"""Characters of a description; GitHub allows 1,024."""

_NAME = 200
"""Characters of a name; GitHub allows 255."""

# Rules that are not policies have no text of their own; this is by the first part of their id.
_GROUPS = {
    "approval": "What this says happens with the change, and has to be approved by a person.",
    "layout": "Every file is in the place that its kind and its names require.",
    "ledger": "The records of a family are an unbroken chain, and none was rewritten.",
    "lock": "A lock agrees with the registry about its version.",
    "policy": "A policy of this repository denies the change.",
    "render": "The manifests in rendered/ are what the specs declare; lockstep render writes them.",
    "replay": "Replaying the evidence of a record gives the same verdict.",
    "rules": "Lockstep's own rules and templates count, but for what the fleet says otherwise.",
    "rollout": "The specs of a family are as its newest record left them.",
    "run": "The run was completed; a run that was not has checked nothing.",
    "schema": "Every file matches its schema.",
    "structure": "The files of a family and its environment agree with each other.",
    "waiver": "A waiver names a rule that may be waived, for a short time, and is needed.",
    "yaml": "Every file is YAML that all readers read alike.",
}
_OTHER = "What Lockstep checks in specs, locks, records and manifests."
_NOT_EVALUATED = "Not every rule could be evaluated on this spec, which is never a pass."

# Not the kind "review", which the standard has for it: GitHub shows results of kind "fail" only.
_LEVELS = {
    Severity.APPROVAL: "note", Severity.ERROR: "error", Severity.WARNING: "warning",
    Severity.NOTE: "none",
}  # fmt: skip


def format_outcome(outcome: Outcome) -> str:
    """A log with one run; findings in report order, the most urgent 25,000 of them."""
    findings = arrange(outcome.findings)
    keyed = dict(zip(findings, fingerprints(findings), strict=True))
    urgent = by_urgency(findings)
    kept, left = set(urgent[:RESULTS]), urgent[RESULTS:]
    rules = _describe_rules(outcome.rules, findings)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [
        _result(finding, keyed[finding], index, outcome) for finding in findings if finding in kept
    ]
    driver = {"name": "Lockstep", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(outcome, left)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        # Columns are counted in characters, as in every other report.
        "columnKind": "unicodeCodePoints",
        "results": results,
        **_properties(outcome.summary),
    }
    return format_data({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _properties(summary: Mapping[str, object]) -> Json:
    """Which part of the fleet the run is about; empty for the whole of it."""
    about = scope(summary)
    if not about:
        return {}
    base = {BASE: one_line(str(summary[BASE]))} if BASE in summary else {}
    numbers = {name: summary.get(name, 0) for name in (CLUSTERS, OF)}
    return {"properties": {"scope": about, **numbers, **base}}


def _invocation(outcome: Outcome, left: Sequence[Finding]) -> Json:
    code = outcome.exit_code
    text = (
        f"Not in this file: {list_counts(left)}. It holds the {RESULTS} most urgent results, as "
        "many as GitHub accepts; the text and the JSON report have all."
    )
    notes = [{"level": "error", "message": {"text": text}}] if left else []
    return {
        # Findings are a successful run; only what could not be evaluated is not.
        "executionSuccessful": code not in UNEVALUATED.values(),
        "exitCode": int(code),
        "toolExecutionNotifications": notes,
    }


def _result(finding: Finding, fingerprint: str, index: dict[str, int], outcome: Outcome) -> Json:
    related, left_out = _related_locations(finding)
    excerpt = outcome.excerpts.get((finding.file, finding.line))
    rule = one_line(finding.rule)
    result = {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "kind": "informational" if finding.severity is Severity.NOTE else "fail",
        "level": _level(finding),
        "message": {"text": _message(finding, left_out)},
        "locations": [_location(finding.file, finding.line, finding.column, excerpt)],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        "properties": {"pointer": one_line(finding.pointer), "fix": one_line(finding.fix)},
    }
    if related:
        result["relatedLocations"] = related
    if finding.suppression is not None:
        result["suppressions"] = [_suppression(finding)]
    return result


def _level(finding: Finding) -> str:
    return _LEVELS[finding.severity]


def _message(finding: Finding, left_out: int) -> str:
    """What is wrong, what to do, and links to the related locations by their ids."""
    lines = [_plain(finding.message) or _plain(finding.rule)]
    lines += [f"Fix: {_plain(finding.fix)}"] if finding.fix else []
    for number, place in enumerate(finding.related[: len(finding.related) - left_out], 1):
        lines.append(
            f"See [line {place.line}]({number}) of {_plain(place.file)} {_plain(place.note)}"
        )
    lines += [f"And {left_out} more related places."] if left_out else []
    return "\n\n".join(lines)


def _suppression(finding: Finding) -> Json:
    waiver = finding.suppression
    if waiver is None:
        return {}
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    text = f"{waiver.reason}{ticket}; waived by {waiver.owner} until {waiver.expires}"
    return {
        "kind": "external",
        "status": "accepted",
        "justification": one_line(text),
        "location": _location(waiver.file, waiver.line, 1),
    }


def _location(file: str, line: int, column: int, excerpt: str | None = None) -> Json:
    """A place in a file: to the end of the line where ``excerpt`` is that line."""
    # SARIF has no line 0: a file with one is invalid as a whole.
    region: dict[str, Json] = {"startLine": max(line, 1), "startColumn": max(column, 1)}
    text = (excerpt or "").rstrip()[region["startColumn"] - 1 :][:_SNIPPET]
    if text:
        region["endLine"] = region["startLine"]
        region["endColumn"] = region["startColumn"] + len(text)
        region["snippet"] = {"text": one_line(text)}
    return {"physicalLocation": {"artifactLocation": _artifact(file), "region": region}}


def _related_locations(finding: Finding) -> tuple[list[Json], int]:
    """The first related places with ids from 1 on, and how many are left out."""
    kept = finding.related[:_RELATED]
    places = [
        {
            **_location(place.file, place.line, place.column),
            "id": number,
            "message": {"text": _plain(place.note) or "related"},
        }
        for number, place in enumerate(kept, 1)
    ]
    return places, len(finding.related) - len(kept)


def _artifact(file: str) -> Json:
    """A relative reference: no name can turn it into another scheme, host or absolute path."""
    path = quote(file.lstrip("/").encode("utf-8", "backslashreplace"), safe="/")
    return {"uri": path or ".", "uriBaseId": _ROOT}


def _plain(text: str) -> str:
    """Text without meaning in a SARIF message: no embedded link, no placeholder."""
    # A message could otherwise link anywhere: [text](target) is a link in SARIF.
    shown = one_line(text).replace("{", "{{").replace("}", "}}")
    return shown.replace("](", "] (")


def _describe_rules(rules: Iterable[RuleText], findings: Iterable[Finding]) -> list[Json]:
    """A descriptor for each evaluated rule and for each that findings name, sorted by id."""
    known = {one_line(rule.id): rule for rule in rules}
    ids = sorted({*known, *(one_line(finding.rule) for finding in findings)})
    return [_descriptor(name, known.get(name) or _unknown(name)) for name in ids]


def _unknown(name: str) -> RuleText:
    group = name.partition(".")[0]
    text = _NOT_EVALUATED if name == POLICY_ERROR else _GROUPS.get(group, _OTHER)
    return RuleText(name, name.partition(".")[2].replace("-", " ") or name, text, group)


def _descriptor(name: str, rule: RuleText) -> Json:
    title = one_line(rule.title) or name
    description = one_line(rule.description) or title
    category = one_line(rule.category) or ("policy" if name.startswith(POLICY) else "lockstep")
    return {
        "id": name,
        "name": cut(title, _NAME),
        "shortDescription": {"text": cut(title, _TEXT)},
        "fullDescription": {"text": cut(description, _TEXT)},
        "help": {"text": description},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "category": category,
            # GitHub shows results in the order of these two.
            "precision": "very-high",
            "problem.severity": "error",
            "tags": [category],
        },
    }
