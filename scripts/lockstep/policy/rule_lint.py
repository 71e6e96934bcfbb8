"""Lint for rules: what every folder below ``policies/rules/`` must contain and declare."""

import re
from collections.abc import Collection, Iterator

from lockstep.model.fleet import Tree
from lockstep.policy.examples import read_examples
from lockstep.policy.metadata import metadata
from lockstep.policy.rules import CATEGORIES, FOLDER, Rule, untested
from lockstep.policy.thresholds import threshold_fields

_FILES = re.compile(
    r"[a-z0-9_]+\.rego|examples\.yaml|thresholds\.yaml|thresholds\.schema\.json", re.ASCII
)


def lint_rules(policies: Tree, rules: Collection[Rule]) -> list[str]:
    """One line per problem: a missing test or example, bad METADATA, a message without a value."""
    problems = [
        f"{path}: the rule has no test file in its folder" for path in untested(policies, rules)
    ]
    problems += [
        f"{path}: unexpected file in the folder of a rule"
        for path in sorted(policies)
        if path.startswith(FOLDER) and not _FILES.fullmatch(path.split("/", 3)[-1])
    ]
    for rule in rules:
        problems += [f"{rule.path}: {problem}" for problem in _problems(rule, policies)]
    return problems


def _problems(rule: Rule, policies: Tree) -> Iterator[str]:
    text = policies[rule.path].decode(errors="replace")
    # Only the block in front of the package: each deny has METADATA of its own further down.
    head = text[: text.find("\npackage ")]
    if rule.category not in CATEGORIES:
        yield f"custom.category is not one of {', '.join(CATEGORIES)}"
    if not re.search(r"^#   waivable: (?:true|false)$", head, re.MULTILINE):
        yield "custom.waivable is missing; set it to true or false"
    if not re.search(rf"^#   - input: schema\.{rule.scope.value}$", head, re.MULTILINE):
        yield f"METADATA without schemas: [input: schema.{rule.scope.value}]"
    if not re.fullmatch(r"\d+\.\d+\.\d+", rule.since, re.ASCII):
        yield f"custom.since is {rule.since!r}, which is not a version of Lockstep, such as 0.1.0"
    if rule.changed and not re.fullmatch(r"\d+\.\d+\.\d+", rule.changed, re.ASCII):
        yield f"custom.changed is {rule.changed!r}, which is not a version of Lockstep"
    if not re.search(r"^import data\.lockstep\.lib\.finding$", text, re.MULTILINE):
        yield "import data.lockstep.lib.finding is missing; only its functions build findings"
    for number in _without_helper(text):
        yield f"line {number}: build the finding with a function of data.lockstep.lib.finding"
    for title, message, solution in rule.denials:
        if "%s" not in message:
            yield f"the message of {title!r} has no %s for the value that the rule found"
        if message.endswith(".") or solution.endswith("."):
            yield f"the message or the solution of {title!r} ends with a full stop; remove it"
    yield from _undeclared_thresholds(rule, policies, text)
    examples = read_examples(policies, rule)
    if not any(example.good for example in examples):
        yield "examples.yaml has no good example"
    if all(example.good for example in examples):
        yield "examples.yaml has no bad example"


def _undeclared_thresholds(rule: Rule, policies: Tree, text: str) -> Iterator[str]:
    """What is wrong with ``custom.thresholds``, which says in findings what decided them."""
    blocks = (data.get("custom") for _, data in metadata(rule.path, text))
    declared = [custom["thresholds"] for custom in blocks if custom and "thresholds" in custom]
    if rule.thresholds and "data.thresholds." in text and not declared:
        yield f"no deny names in custom.thresholds which of {rule.thresholds[0]} decide"
    known = threshold_fields(rule, policies)
    for fields in declared:
        for field in fields if isinstance(fields, list) else [fields]:
            if field not in known:
                yield f"custom.thresholds has {field!r}, which is not one of {', '.join(known)}"


def _without_helper(text: str) -> Iterator[int]:
    """The line of each deny whose finding does not come from a function of the library."""
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"deny\b", line) and not re.match(r"deny contains finding\.[a-z_]+\(", line):
            yield number
