"""What SARIF says about each rule: its title, what it is for, how it is found again."""

from collections.abc import Iterable

from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.outcome import POLICY, POLICY_ERROR, RuleText
from lockstep.text.sanitise import cut, one_line

_TEXT = 900
"""Characters of a description; GitHub takes 1,024."""

_NAME = 200
"""Characters of a name; GitHub takes 255."""

# The rules that are not policies have no text of their own; the first part of their id says whose.
_FAMILIES = {
    "layout": "Every file stands where its kind and its names say.",
    "ledger": "The records of a family are a whole chain that nobody has rewritten.",
    "lock": "A lock says of its version what the registry says.",
    "policy": "A policy of this repository denies the change.",
    "render": "The manifests in rendered/ are what the specs declare; lockstep render writes them.",
    "replay": "Every verdict comes out again from the evidence in its record.",
    "rollout": "The specs of a family are as its newest record left them.",
    "run": "The run came to an end of its own; where it did not, nothing was looked at.",
    "schema": "Every file is as its schema says.",
    "structure": "The files of a family and its environment agree with each other.",
    "waiver": "A waiver names a rule that may be waived, for a short time, and is needed.",
    "yaml": "Every file is YAML that reads the same everywhere.",
}
_OTHER = "What Lockstep checks in specs, locks, records and manifests."
_NOT_JUDGED = "This spec could not be judged by every rule, which is never a pass."


def describe_rules(rules: Iterable[RuleText], findings: Iterable[Finding]) -> list[Json]:
    """A descriptor for each rule that judged and for each that findings name, sorted by id."""
    known = {one_line(rule.id): rule for rule in rules}
    ids = sorted({*known, *(one_line(finding.rule) for finding in findings)})
    return [_descriptor(name, known.get(name) or _unknown(name)) for name in ids]


def _unknown(name: str) -> RuleText:
    family = name.partition(".")[0]
    text = _NOT_JUDGED if name == POLICY_ERROR else _FAMILIES.get(family, _OTHER)
    return RuleText(name, name.partition(".")[2].replace("-", " ") or name, text, family)


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
            "precision": "very-high",
            "problem.severity": "error",
            "tags": [category],
        },
    }
