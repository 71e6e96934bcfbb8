"""Findings as JSON for programs; the format is stable, and ``version`` names it.

``report.schema.json`` next to this file defines the format in JSON Schema.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import inf
from typing import Any

from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import CLUSTERS, OF, Outcome, RuleText
from lockstep.report.counting import counts
from lockstep.text.sanitise import json_text, one_line

VERSION = 2
"""Raised when a field changes its meaning or is removed; new fields do not raise it."""

_FIELDS = (
    "rule", "severity", "message", "fix", "file", "line", "column", "pointer", "related",
    "suppression",
)  # fmt: skip


def format_outcome(outcome: Outcome) -> str:
    """The outcome as JSON that read_report reads back; no final newline."""
    return format_data(outcome_to_data(outcome))


def outcome_to_data(outcome: Outcome, *, exit_code: ExitCode | None = None) -> Json:
    """The outcome as an object of the report's format.

    The summary has the counts of findings in addition to what the caller counted, such as
    ``clusters``, and ``of`` and ``base`` where that is a part of the fleet.
    ``exit_code`` is that of the verb, where it differs from the outcome's own.
    """
    findings = arrange(outcome.findings)
    shown = {(finding.file, finding.line) for finding in findings}
    report = {
        "version": VERSION,
        "exitCode": int(outcome.exit_code if exit_code is None else exit_code),
        "findings": [_finding(finding) for finding in findings],
        "excerpts": [
            {"file": file, "line": line, "text": text}
            for (file, line), text in sorted(outcome.excerpts.items())
            if (file, line) in shown
        ],
        "rules": [
            {"id": rule.id, "title": rule.title, "description": rule.description,
             "category": rule.category}
            for rule in sorted(outcome.rules, key=lambda rule: rule.id)
        ],
        "summary": {**outcome.summary, **counts(findings)},
    }  # fmt: skip
    return unicode_data(report)


def format_data(data: object) -> str:
    """Any plain data as JSON, indented; every character beyond ASCII is escaped.

    So is what a CI runner would obey, and credentials in URLs are left out.
    """
    return json_text(json.dumps(data, indent=2, allow_nan=False))


def format_compact(data: Json) -> str:
    """As format_data, on one line: for data of limited size. Lone surrogates become escapes."""
    return json_text(json.dumps(unicode_data(data), separators=(",", ":"), allow_nan=False))


def read_report(text: str | bytes) -> Outcome:
    """The outcome that a report describes. Raises ValueError, with what is wrong, for other text.

    The counts of findings are not part of the outcome's summary: its findings say them.
    """
    report = _load(text)
    # Before the schema, so that a report of another version is named as that.
    found = report.get("version") if isinstance(report, dict) else None
    if found != VERSION:
        shown = one_line(json.dumps(found), 40)
        raise ValueError(f"its version is {shown}; only version {VERSION} can be read")
    from jsonschema_rs import ValidationError  # here, because few runs read a report

    try:
        _validator().validate(report)
    except ValidationError as error:
        where = one_line("/".join(map(str, error.instance_path)), 100)
        raise ValueError(f"/{where}: {one_line(error.message, 200)}") from error
    outcome = _outcome(report)
    stated = {name: report["summary"].get(name, 0) for name in counts(())}
    # A report that was edited or cut must not become a pass when shards are merged.
    if report["exitCode"] != outcome.exit_code or stated != counts(outcome.findings):
        raise ValueError("its counts or its exit code contradict its findings")
    if report["summary"].get(CLUSTERS, 0) > report["summary"].get(OF, inf):
        raise ValueError("it has more clusters than its fleet")
    return outcome


@cache
def _validator() -> Any:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(schema())


def schema() -> Json:
    """The JSON Schema of the report."""
    return json.loads(files("lockstep.report").joinpath("report.schema.json").read_text("utf-8"))


def _load(text: str | bytes) -> Json:
    try:
        # No field has a fraction, and JSON Schema would accept 1.0 as an integer.
        return json.loads(text, parse_constant=_refuse, parse_float=str)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"it is not JSON: {one_line(str(error), 100)}") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _outcome(report: Mapping[str, Json]) -> Outcome:
    derived = counts(())
    return Outcome(
        tuple(Finding.from_json(_known(each)) for each in report["findings"]),
        {name: value for name, value in report["summary"].items() if name not in derived},
        {(each["file"], each["line"]): each["text"] for each in report["excerpts"]},
        tuple(
            RuleText(each["id"], each["title"], each["description"], each["category"])
            for each in report["rules"]
        ),
    )


def _known(finding: Mapping[str, Json]) -> Json:
    """The fields of a finding that this version knows; a later one may have more."""
    return {name: finding[name] for name in _FIELDS}


def _finding(finding: Finding) -> Json:
    data = finding.to_json()
    return {name: data[name] for name in _FIELDS}


def unicode_data(data: Json) -> Json:
    """The data with lone surrogates (names of files that are not UTF-8) as escapes."""
    if isinstance(data, str):
        return data.encode("utf-8", "backslashreplace").decode()
    if isinstance(data, Mapping):
        return {unicode_data(name): unicode_data(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [unicode_data(value) for value in data]
    return data
