"""The catalogue of the rules: what each requires and why, with its own examples."""

from collections.abc import Sequence
from itertools import groupby

from lockstep.model.fleet import Tree
from lockstep.model.rule_results import RuleExplanation, RuleFacts, ShownExample
from lockstep.policy.examples import Edit, Example, read_examples
from lockstep.policy.rules import CATEGORIES, FOLDER, Rule

_WAIVER = """\
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {{name: {name}}}
spec:
  waivers:
    - rule: {rule}
      scope: {{environment: prod, family: scoring}}  # or a cluster
      owner: team@example.com
      reason: why the finding is accepted for now
      ticket: the ticket of the work that makes the waiver unnecessary
      expires: "YYYY-MM-DD"  # the last day
"""


def facts_of(rule: Rule, differs: str = "") -> RuleFacts:
    """A rule as a list shows it; ``differs`` is where a fleet departs from the shipped one."""
    return RuleFacts(
        rule.name,
        rule.category,
        rule.severity.value,
        rule.scope.value,
        rule.waivable,
        rule.title,
        differs,
    )


def explain(rule: Rule, policies: Tree, differs: str = "") -> RuleExplanation:
    """The explanation of one rule. Raises LockstepError where its examples are unusable."""
    examples = read_examples(policies, rule)
    own = next((path for path in rule.thresholds if path.startswith(FOLDER + rule.name)), "")
    return RuleExplanation(
        facts_of(rule, differs), rule.description, rule.since, rule.blocks_revert, rule.denials,
        tuple(ShownExample(each.about, each.good, _shown(each)) for each in examples),
        " and ".join(rule.thresholds), policies.get(own, b"").decode(errors="replace").strip(),
        _WAIVER.format(name=f"{rule.name}-for-now", rule=rule.name) if rule.waivable else "",
    )  # fmt: skip


def as_markdown(explanations: Sequence[RuleExplanation]) -> str:
    """The whole catalogue as a page, by category; the same for the same rules."""
    order = {category: number for number, category in enumerate(CATEGORIES)}

    def place(explanation: RuleExplanation) -> tuple[int, str]:
        facts = explanation.facts
        # An unknown category is last; rule_lint reports it.
        return order.get(facts.category, len(order)), facts.rule

    parts = [_HEAD]
    by_category = groupby(sorted(explanations, key=place), key=lambda e: e.facts.category)
    for category, members in by_category:
        parts.append(f"## {category.capitalize()}")
        parts += [_section(explanation) for explanation in members]
    return "\n\n".join(parts) + "\n"


_HEAD = """\
# The rules

<!-- Written by `lockstep policy docs` from policies/rules/, never by hand. -->

The rules that `lockstep check` evaluates on every change, by category. `lockstep policy explain
RULE` shows one of them on a terminal. [Architecture](../explanation/architecture.md)
explains how they are evaluated."""


def _section(explanation: RuleExplanation) -> str:
    facts = explanation.facts
    parts = [f"### {facts.rule}", f"**{facts.title}** ({explanation.summary})"]
    parts.append(explanation.description)
    denials = explanation.denials
    parts.append(
        "\n".join(f"- {title}: `{says}`. To fix it: {fix}." for title, says, fix in denials)
    )
    if explanation.thresholds:
        parts.append(f"Thresholds:\n\n```yaml\n{explanation.thresholds}\n```")
    elif explanation.thresholds_path:
        parts.append(f"Thresholds: {explanation.thresholds_path}.")
    for example in explanation.examples:
        kind = "Good" if example.good else "Bad"
        parts.append(f"{kind}: {example.about}\n\n```diff\n{example.shown}\n```")
    parts.append("May be waived." if facts.waivable else "Cannot be waived.")
    return "\n\n".join(parts)


def _shown(example: Example) -> str:
    lines = [line for edit in example.changes for line in _edit_lines(edit)]
    finds = [f"# {file}:{line}:{column}: {says}" for file, line, column, says in example.finds]
    return "\n".join([*(lines or ["# the fleet as it is"]), *finds])


def _edit_lines(edit: Edit) -> list[str]:
    if edit.get("remove") is True:
        return [f"--- {edit['file']}", "- the whole file"]
    old = [f"-{line}" for line in str(edit.get("replace", "")).splitlines()]
    new = [f"+{line}" for line in str(edit.get("text", edit.get("with", ""))).splitlines()]
    return [f"--- {edit['file']}", *old, *new]
