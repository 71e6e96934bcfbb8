"""Lint for rules: what a rule declares of the thresholds that decide it."""

import pytest

from lockstep.edges.resources import shipped_tree
from lockstep.policy.rule_lint import lint_rules
from lockstep.policy.rules import expected_rules

RULE = "policies/rules/min-replicas/min_replicas.rego"


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("", "no deny names in custom.thresholds which of policies/rules/min-replicas/"),
        ("#   thresholds: [least]\n", "'least', which is not one of min_replicas, production"),
        ("#   thresholds: production\n", ""),
        ("#   thresholds: [min_replicas]\n", ""),
    ],
)
def test_a_rule_says_which_thresholds_decide(declared: str, problem: str) -> None:
    tree = shipped_tree()
    text = tree[RULE].decode().replace("#   thresholds: [production]\n", declared)
    tree = {**tree, RULE: text.encode()}
    (rule,) = [each for each in expected_rules(tree) if each.name == "min-replicas"]
    problems = lint_rules(tree, [rule])
    assert len(problems) == bool(problem)
    assert problem in "".join(problems)


def test_a_rule_that_only_speaks_of_thresholds_needs_to_declare_none() -> None:
    tree = shipped_tree()
    path = "policies/rules/freeze/freeze.rego"
    tree = {**tree, path: tree[path] + b"\n# Unlike data.thresholds. of others\n"}
    (rule,) = [each for each in expected_rules(tree) if each.name == "freeze"]
    assert lint_rules(tree, [rule]) == []
