"""``lockstep policy list``, ``explain`` and ``docs``: what the rules are, from their own files."""

from pathlib import Path

from lockstep.edges.files import read_tree, write_changes
from lockstep.model.document import Json
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.policy import Rule, expected_rules
from lockstep.policy.catalogue import as_markdown, as_text, explain
from lockstep.report.table import format_table
from lockstep.text.phrases import closest
from lockstep.text.sanitise import quoted

PAGE = "docs/policies.md"
_COLUMNS = ("rule", "category", "severity", "scope", "waivable", "title")


def list_rules(root: Path) -> Report:
    """All rules of a repository in a table."""
    rules = expected_rules(read_tree(root, ["policies", "templates"]))
    rows = [_row(rule) for rule in rules]
    table = format_table(_COLUMNS, [[_cell(cell) for cell in row.values()] for row in rows])
    return Report(table, data=rows)


def explain_rule(root: Path, name: str) -> Report:
    """Everything about one rule. Raises UsageError where there is no such rule."""
    policies = read_tree(root, ["policies", "templates"])
    rules = {rule.name: rule for rule in expected_rules(policies)}
    wanted = name.removeprefix("policy.")
    if wanted not in rules:
        close = closest(wanted, sorted(rules))
        fix = f"did you mean {close}?" if close else "see lockstep policy list"
        raise UsageError(f"there is no rule {quoted(name, 80)}", fix=fix)
    rule = rules[wanted]
    explanation = explain(rule, policies)
    data = {
        **_row(rule),
        "description": rule.description,
        "denials": [
            {"title": title, "message": says, "solution": fix} for title, says, fix in rule.denials
        ],
        "examples": [{"about": e.about, "good": e.good} for e in explanation.examples],
    }
    return Report(as_text(explanation), data=data)


def write_docs(root: Path, *, check: bool) -> Report:
    """Write the catalogue, or with ``check`` report whether the page is up to date."""
    policies = read_tree(root, ["policies", "templates"])
    page = as_markdown([explain(rule, policies) for rule in expected_rules(policies)]).encode()
    known = read_tree(root, ["docs"]).get(PAGE)
    if known == page:
        return Report(f"{PAGE} is up to date", data={"stale": False})
    if check:
        text = f"{PAGE} is out of date; run lockstep policy docs"
        return Report(text, ExitCode.INVALID, {"stale": True})
    write_changes(root, {PAGE: page})
    return Report(f"{PAGE} written", data={"stale": False})


def _row(rule: Rule) -> Json:
    return {
        "rule": rule.name,
        "category": rule.category,
        "severity": rule.severity.value,
        "scope": rule.scope.value,
        "waivable": rule.waivable,
        "title": rule.title,
    }


def _cell(value: str | bool) -> str:
    return value if isinstance(value, str) else "yes" if value else "no"
