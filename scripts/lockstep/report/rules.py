"""Rules as text for people: the list, one explained, how their tests went, a bundle."""

from lockstep.model.rule_results import RuleBundle, RuleExplanation, RuleList, RuleTests
from lockstep.report.counting import count
from lockstep.report.table import format_table

_COLUMNS = ("rule", "category", "severity", "scope", "waivable", "title")


def format_rules(listed: RuleList) -> str:
    """A table with a line for each rule, and what differs from those that ship, if anything."""
    differs = ["differs"] if any(facts.differs for facts in listed.rules) else []
    columns = [*_COLUMNS, *differs]
    rows = [[_cell(getattr(facts, column)) for column in columns] for facts in listed.rules]
    return format_table(columns, rows)


def _cell(value: str | bool) -> str:
    return value if isinstance(value, str) else "yes" if value else "no"


def format_explanation(explanation: RuleExplanation) -> str:
    """Everything about one rule: what it denies, its thresholds, examples, how to waive it."""
    name = explanation.facts.rule
    parts = [f"{name}: {explanation.facts.title}\n{explanation.summary}", explanation.description]
    parts += [
        f"{title}\n  message: {says}\n  fix:     {fix}" for title, says, fix in explanation.denials
    ]
    if explanation.thresholds:
        where = f"Thresholds, in {explanation.thresholds_path}"
        parts.append(f"{where}\n{_indented(explanation.thresholds)}")
    elif explanation.thresholds_path:
        parts.append(f"Thresholds: {explanation.thresholds_path}")
    for example in explanation.examples:
        kind = "Good" if example.good else "Bad"
        parts.append(f"{kind}: {example.about}\n{_indented(example.shown)}")
    if explanation.waiver:
        how = f"To waive it for a while, add policies/data/waivers/{name}-for-now.yaml"
        counts = "it counts once it is on the base branch"
        parts.append(f"{how}; {counts}\n{_indented(explanation.waiver)}")
    else:
        parts.append("This rule cannot be waived.")
    return "\n\n".join(part.rstrip() for part in parts)


def format_rule_tests(tests: RuleTests) -> str:
    """A line for each problem, and the counts."""
    said = ", ".join((
        count(len(tests.rules), "rule"), f"{count(tests.passed, 'test')} passed",
        count(tests.examples, "example"),
    ))  # fmt: skip
    if tests.problems:
        return "\n".join((*tests.problems, f"{said}, {count(len(tests.problems), 'problem')}"))
    return f"{said}, {tests.coverage:g} % of the lines covered"


def format_bundle(bundle: RuleBundle) -> str:
    """Where the bundle is, and what is in it."""
    how = "signed" if bundle.signed else "not signed"
    return f"{bundle.path}: rules {bundle.digest}, {how}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
