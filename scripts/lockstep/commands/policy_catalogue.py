"""``lockstep policy list``, ``explain`` and ``docs``: what the rules are, from their own files."""

from pathlib import Path

from lockstep.check.pages import write_pages
from lockstep.check.workspace import files_at
from lockstep.model.errors import UsageError
from lockstep.model.fleet import Tree
from lockstep.model.result import Pages
from lockstep.model.rule_results import RuleExplanation, RuleList
from lockstep.policy import expected_rules
from lockstep.policy.catalogue import as_markdown, explain, facts_of
from lockstep.text.phrases import closest
from lockstep.text.sanitise import quoted


def list_rules(root: Path) -> RuleList:
    """All rules of a repository."""
    return RuleList(tuple(facts_of(rule) for rule in expected_rules(_policies(root))))


def explain_rule(root: Path, name: str) -> RuleExplanation:
    """Everything about one rule. Raises UsageError where there is no such rule."""
    policies = _policies(root)
    rules = {rule.name: rule for rule in expected_rules(policies)}
    wanted = name.removeprefix("policy.")
    if wanted not in rules:
        close = closest(wanted, sorted(rules))
        fix = f"did you mean {close}?" if close else "see lockstep policy list"
        raise UsageError(f"there is no rule {quoted(name, 80)}", fix=fix)
    return explain(rules[wanted], policies)


def write_docs(root: Path, *, check: bool) -> Pages:
    """Write the catalogue, or with ``check`` report whether the page is up to date."""
    policies = _policies(root)
    page = as_markdown([explain(rule, policies) for rule in expected_rules(policies)])
    return write_pages(
        root, {"docs/policies.md": page}, compare=check, rule="rules.docs",
        fix="run lockstep policy docs",
    )  # fmt: skip


def _policies(root: Path) -> Tree:
    """The rules, and the templates that their examples need."""
    return files_at(root, ["policies", "templates"])
