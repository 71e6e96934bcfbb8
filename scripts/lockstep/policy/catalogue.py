"""The catalogue of the rules: what each requires and why, with its own examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lockstep.model.fleet import Tree
from lockstep.policy.examples import Edit, Example, read_examples
from lockstep.policy.rules import CATEGORIES, Rule

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


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule with its examples; ``thresholds`` is the text of its file, or empty."""

    rule: Rule
    examples: tuple[Example, ...]
    thresholds: str = ""

    @property
    def facts(self) -> str:
        """The rule in a line, such as ``capacity · error · scope cluster · since 0.1.0``."""
        rule = self.rule
        facts = [rule.category, rule.severity.value, f"scope {rule.scope.value}"]
        facts.append(f"since {rule.since}")
        if rule.blocks_revert:
            facts.append("also stops rollbacks")
        return " · ".join(facts)

    @property
    def how_to_waive(self) -> str:
        """A waiver to copy; empty where the rule cannot be waived."""
        if not self.rule.waivable:
            return ""
        return _WAIVER.format(name=f"{self.rule.name}-for-now", rule=self.rule.name)


def explain(rule: Rule, policies: Tree) -> Explanation:
    """The explanation of one rule. Raises LockstepError where its examples are unusable."""
    data = policies.get(rule.thresholds, b"")
    return Explanation(rule, read_examples(policies, rule), data.decode(errors="replace").strip())


def as_text(explanation: Explanation) -> str:
    """The explanation for a terminal."""
    rule = explanation.rule
    parts = [f"{rule.name}: {rule.title}\n{explanation.facts}", rule.description]
    parts += [f"{title}\n  message: {says}\n  fix:     {fix}" for title, says, fix in rule.denials]
    if explanation.thresholds:
        where = f"Thresholds, in {rule.thresholds}"
        parts.append(f"{where}\n{_indented(explanation.thresholds)}")
    parts += [f"{_kind(e)}: {e.about}\n{_indented(_shown(e))}" for e in explanation.examples]
    waiver = explanation.how_to_waive
    if waiver:
        how = f"To waive it for a while, add policies/data/waivers/{rule.name}-for-now.yaml"
        parts.append(f"{how}; it counts once it is on the base branch\n{_indented(waiver)}")
    else:
        parts.append("This rule cannot be waived.")
    return "\n\n".join(part.rstrip() for part in parts)


def as_markdown(explanations: Sequence[Explanation]) -> str:
    """The whole catalogue as a page, by category; the same for the same rules."""
    order = {category: number for number, category in enumerate(CATEGORIES)}

    def place(explanation: Explanation) -> tuple[int, str]:
        category = explanation.rule.category
        return order.get(category, len(order)), explanation.rule.name

    parts = [_HEAD]
    by_category = groupby(sorted(explanations, key=place), key=lambda e: e.rule.category)
    for category, members in by_category:
        parts.append(f"## {category.capitalize()}")
        parts += [_section(explanation) for explanation in members]
    return "\n\n".join(parts) + "\n"


_HEAD = """\
# The rules

<!-- Written by `lockstep policy docs` from policies/rules/, never by hand. -->

The rules that `lockstep check` evaluates on every change, by category. `lockstep policy explain
RULE` shows one of them on a terminal. [architecture.md](architecture.md) explains how they are
evaluated."""


def _section(explanation: Explanation) -> str:
    rule = explanation.rule
    parts = [f"### {rule.name}", f"**{rule.title}** ({explanation.facts})", rule.description]
    parts.append(
        "\n".join(f"- {title}: `{says}`. To fix it: {fix}." for title, says, fix in rule.denials)
    )
    if explanation.thresholds:
        parts.append(f"Thresholds:\n\n```yaml\n{explanation.thresholds}\n```")
    for example in explanation.examples:
        parts.append(f"{_kind(example)}: {example.about}\n\n```diff\n{_shown(example)}\n```")
    parts.append("May be waived." if rule.waivable else "Cannot be waived.")
    return "\n\n".join(parts)


def _kind(example: Example) -> str:
    return "Good" if example.good else "Bad"


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


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
