"""Rules about the rules: what every folder below ``policies/rules/`` must hold and say."""

import re
from collections.abc import Iterator

from lockstep.model.fleet import Tree
from lockstep.policy.examples import read_examples
from lockstep.policy.rules import CATEGORIES, FOLDER, Rule, untested

_FILES = re.compile(
    r"[a-z0-9_]+\.rego|examples\.yaml|thresholds\.yaml|thresholds\.schema\.json", re.ASCII
)


def undisciplined(policies: Tree, rules: tuple[Rule, ...]) -> list[str]:
    """A line for each thing that a rule lacks: a test, examples, METADATA, values in messages."""
    problems = [f"{path}: the rule has no test beside it" for path in untested(policies, rules)]
    problems += [
        f"{path}: no such file belongs into the folder of a rule"
        for path in sorted(policies)
        if path.startswith(FOLDER) and not _FILES.fullmatch(path.split("/", 3)[-1])
    ]
    for rule in rules:
        problems += [f"{rule.path}: {problem}" for problem in _lacks(rule, policies)]
    return problems


def _lacks(rule: Rule, policies: Tree) -> Iterator[str]:
    text = policies[rule.path].decode(errors="replace")
    head = text[: text.find("\npackage ")]
    if rule.category not in CATEGORIES:
        yield f"custom.category is none of {', '.join(CATEGORIES)}"
    if not re.search(r"^#   waivable: (?:true|false)$", head, re.MULTILINE):
        yield "custom.waivable says whether the rule may be waived"
    if not re.search(rf"^#   - input: schema\.{rule.scope.value}$", head, re.MULTILINE):
        yield f"the METADATA lack schemas: [input: schema.{rule.scope.value}]"
    if not re.fullmatch(r"\d+\.\d+\.\d+", rule.since, re.ASCII):
        yield f"custom.since is {rule.since!r}, and no version of Lockstep, such as 0.1.0"
    if not re.search(r"^import data\.lockstep\.lib\.finding$", text, re.MULTILINE):
        yield "it imports no data.lockstep.lib.finding, which alone builds findings"
    for number in _homemade(text):
        yield f"line {number}: a finding is built by a function of data.lockstep.lib.finding alone"
    for title, message, solution in rule.denials:
        if "%s" not in message:
            yield f"the message of {title!r} does not show the value that it found"
        if message.endswith(".") or solution.endswith("."):
            yield f"the message and the solution of {title!r} end without a full stop"
    examples = read_examples(policies, rule)
    if not any(example.good for example in examples):
        yield "examples.yaml has no good example"
    if all(example.good for example in examples):
        yield "examples.yaml has no bad example"


def _homemade(text: str) -> Iterator[int]:
    """The lines of each deny whose finding is not what a function of the helper gave."""
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"deny\b", line) and not re.match(r"deny contains finding\.[a-z_]+\(", line):
            yield number
