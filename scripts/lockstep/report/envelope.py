"""The one shape of the JSON of all verbs, also of a run that an error ended.

An object with ``schemaVersion``, ``verb``, ``exitCode``, ``summary``, ``items`` where the verb
shows or does things, and ``findings``. ``schemas/`` next to this file defines it for each verb.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding
from lockstep.model.outcome import SCHEMA_VERSION, failed_run
from lockstep.report.counting import counts
from lockstep.text.sanitise import json_text

CHECKS = ("check", "validate", "merge-reports")
"""The verbs whose JSON is a report of a check, which ``merge-reports`` and ``review`` read."""

SHARED = "common.json"
"""The file with the definitions that the schemas of verbs share."""

_BASE = "https://lockstep.dev/report/"  # only a name: nothing is fetched from there

_FINDING = (
    "rule", "severity", "message", "fix", "file", "line", "column", "pointer", "related",
    "suppression",
)  # fmt: skip


@dataclass(frozen=True)
class Envelope:
    """What a verb gives to programs: the values of all its facts, and no text made for display.

    ``summary`` holds what is true of the run as a whole; the counts of findings are added to it.
    ``items`` is None for a verb that has nothing but findings. ``more`` are further fields of the
    verb's own. All keys are camelCase, times RFC 3339 in UTC.
    """

    verb: str
    exit_code: ExitCode
    summary: Mapping[str, Json] = field(default_factory=dict)
    items: Iterable[Json] | None = ()
    findings: tuple[Finding, ...] = ()
    more: Mapping[str, Json] = field(default_factory=dict)

    def to_data(self) -> dict[str, Json]:
        """The object as plain data; lone surrogates (names that are not UTF-8) as escapes."""
        items = {} if self.items is None else {"items": list(self.items)}
        data: dict[str, Json] = unicode_data({
            "schemaVersion": SCHEMA_VERSION,
            "verb": self.verb,
            "exitCode": int(self.exit_code),
            "summary": {**self.summary, **counts(self.findings)},
            **items,
            "findings": [finding_to_data(finding) for finding in self.findings],
            **self.more,
        })  # fmt: skip
        return data

    def format(self, *, compact: bool = False) -> str:
        """The object as JSON, on one line where it is ``compact``; no final newline."""
        return format_compact(self.to_data()) if compact else format_data(self.to_data())


def failure(verb: str, error: LockstepError, about: Mapping[str, object] | None = None) -> Envelope:
    """What a verb gives where an error has ended its run: the error as the only finding.

    ``about`` is the summary that such a report has all the same, such as which shard it is of.
    """
    outcome = failed_run(error, about or {})
    if verb in CHECKS:
        lists: dict[str, Json] = {"excerpts": [], "rules": []}
        return Envelope(verb, error.exit_code, outcome.summary, None, outcome.findings, lists)
    return Envelope(verb, error.exit_code, outcome.summary, (), outcome.findings)


def finding_to_data(finding: Finding) -> dict[str, Json]:
    """A finding with its fields in the order in which reports have them."""
    data = finding.to_json()
    return {name: data[name] for name in _FINDING}


def known_finding(data: Mapping[str, Json]) -> Json:
    """The fields of a finding that this version knows; a later one may have more."""
    return {name: data[name] for name in _FINDING}


def format_data(data: object) -> str:
    """Any plain data as JSON, indented; every character beyond ASCII is escaped.

    So is what a CI runner would obey, and credentials in URLs are left out.
    """
    return json_text(json.dumps(data, indent=2, allow_nan=False))


def format_compact(data: Json) -> str:
    """As format_data, on one line: for data of limited size. Lone surrogates become escapes."""
    return json_text(json.dumps(unicode_data(data), separators=(",", ":"), allow_nan=False))


def unicode_data(data: Json) -> Json:
    """The data with lone surrogates (names of files that are not UTF-8) as escapes."""
    if isinstance(data, str):
        return data.encode("utf-8", "backslashreplace").decode()
    if isinstance(data, Mapping):
        return {unicode_data(name): unicode_data(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [unicode_data(value) for value in data]
    return data


@cache
def schemas() -> Mapping[str, Json]:
    """The JSON Schema of each verb, and what they share, by the name of its file.

    The file of ``policy list`` is ``policy-list.json``.
    """
    folder = files("lockstep.report").joinpath("schemas")
    texts = ((each.name, each.read_text("utf-8")) for each in folder.iterdir())
    return {name: json.loads(text) for name, text in sorted(texts) if name.endswith(".json")}


@cache
def validator(verb: str, *, closed: bool = True) -> Any:
    """The compiled schema of a verb (jsonschema-rs).

    Where it is not ``closed``, fields that it does not know are accepted: a later version of
    Lockstep may have written them.
    """
    from jsonschema_rs import Draft202012, Draft202012Validator, Registry

    known = schemas() if closed else {name: _opened(each) for name, each in schemas().items()}
    resources = [(_BASE + name, each) for name, each in known.items()]
    registry = Registry(resources, draft=Draft202012)
    name = f"{_BASE}{verb.replace(' ', '-')}.json"
    return Draft202012Validator({"$ref": name}, registry=registry, offline=True)


def _opened(schema: Json) -> Json:
    if isinstance(schema, dict):
        return dict(_open_entries(schema))
    return [_opened(each) for each in schema] if isinstance(schema, list) else schema


def _open_entries(schema: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, each in schema.items():
        if (name, each) != ("additionalProperties", False):
            yield name, _opened(each)
