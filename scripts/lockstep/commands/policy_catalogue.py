"""``lockstep policy list``, ``explain`` and ``docs``: what the rules are, from their own files."""

from collections.abc import Mapping
from pathlib import Path

from lockstep.check.pages import write_pages
from lockstep.check.workspace import files_at, shipped_for, with_shipped
from lockstep.model.file_results import Pages
from lockstep.model.fleet import Tree
from lockstep.model.rule_results import RuleExplanation, RuleList
from lockstep.policy import expected_rules
from lockstep.policy.catalogue import as_markdown, explain, facts_of
from lockstep.policy.deviations import differing_rules
from lockstep.policy.rules import rule_named


def list_rules(root: Path) -> RuleList:
    """All rules of a repository, those that are switched off included."""
    policies, differs = _policies(root)
    rules = expected_rules(policies)
    return RuleList(tuple(facts_of(rule, differs.get(rule.name, "")) for rule in rules))


def explain_rule(root: Path, name: str) -> RuleExplanation:
    """Everything about one rule. Raises UsageError where there is no such rule."""
    policies, differs = _policies(root)
    rule = rule_named(name, expected_rules(policies))
    return explain(rule, policies, differs.get(rule.name, ""))


def write_docs(root: Path, *, check: bool) -> Pages:
    """Write the catalogue, or with ``check`` report whether the page is up to date."""
    policies, _ = _policies(root)
    page = as_markdown([explain(rule, policies) for rule in expected_rules(policies)])
    return write_pages(
        root, {"docs/reference/rules.md": page}, compare=check, rule="rules.docs",
        fix="run lockstep policy docs",
    )  # fmt: skip


def _policies(root: Path) -> tuple[Tree, Mapping[str, str]]:
    """The rules and the templates that their examples need, and which rules differ, in words."""
    own = files_at(root, ["policies", "templates"])
    return with_shipped(own), differing_rules(own, shipped_for(own))
