"""The report of a check as JSON for programs, which merge-reports and review read back."""

import json
from collections.abc import Mapping
from math import inf

from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import CLUSTERS, OF, SCHEMA_VERSION, Outcome, RuleText
from lockstep.report.counting import counts
from lockstep.report.envelope import CHECKS, Envelope, known_finding, validator
from lockstep.text.sanitise import one_line


def format_outcome(outcome: Outcome, *, verb: str = "check") -> str:
    """The outcome of a verb as JSON that read_report reads back; no final newline."""
    return outcome_envelope(outcome, verb).format()


def outcome_envelope(
    outcome: Outcome, verb: str = "check", *, exit_code: ExitCode | None = None
) -> Envelope:
    """The outcome in the shape of all verbs, with the source lines and the rules beside it.

    The summary has the counts of findings in addition to what the caller counted, such as
    ``clusters``, and ``of`` and ``base`` where that is a part of the fleet.
    ``exit_code`` is that of the verb, where it differs from the outcome's own.
    """
    findings = arrange(outcome.findings)
    shown = {(finding.file, finding.line) for finding in findings}
    more = {
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
    }  # fmt: skip
    code = outcome.exit_code if exit_code is None else exit_code
    return Envelope(verb, code, outcome.summary, None, findings, more)


def read_report(text: str | bytes) -> Outcome:
    """The outcome that a report describes. Raises ValueError, with what is wrong, for other text.

    The counts of findings are not part of the outcome's summary: its findings say them.
    """
    report = _load(text)
    verb = _verb(report)
    from jsonschema_rs import ValidationError  # here, because few runs read a report

    try:
        validator(verb, closed=False).validate(report)
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


def _verb(report: Json) -> str:
    """The verb that wrote a report. Raises ValueError, by name, for JSON that is none of a check.

    Before the schema, so that a report of another version is named as that.
    """
    given = report if isinstance(report, dict) else {}
    if "schemaVersion" not in given and "version" in given:
        raise ValueError("an earlier version of Lockstep wrote it; check again with this one")
    found = given.get("schemaVersion")
    # 1 and true are equal in Python.
    if type(found) is not int or found != SCHEMA_VERSION:
        shown = one_line(json.dumps(found), 40)
        text = f"its schemaVersion is {shown}; only version {SCHEMA_VERSION} can be read"
        raise ValueError(text)
    verb = given.get("verb")
    if verb not in CHECKS:
        raise ValueError(f"it is of the verb {one_line(json.dumps(verb), 40)}")
    return str(verb)


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
        tuple(Finding.from_json(known_finding(each)) for each in report["findings"]),
        {name: value for name, value in report["summary"].items() if name not in derived},
        {(each["file"], each["line"]): each["text"] for each in report["excerpts"]},
        tuple(
            RuleText(each["id"], each["title"], each["description"], each["category"])
            for each in report["rules"]
        ),
    )
