"""Names of new rules, and the files that they start from."""

import pytest

from lockstep.edges.resources import shipped_tree, starter
from lockstep.model.errors import UsageError
from lockstep.policy.in_force import own_rules
from lockstep.policy.rule_lint import lint_rules
from lockstep.policy.rules import Scope, expected_rules
from lockstep.policy.starters import CATEGORY_OF, NewRule, require_new_name, starter_files


@pytest.mark.parametrize("scope", Scope)
def test_a_starter_becomes_a_rule_of_that_name(scope: Scope) -> None:
    rule = NewRule("few-retries", scope, CATEGORY_OF[scope], "0.1.0")
    files = starter_files(starter(f"rule/{scope.value}"), rule)
    folder = "policies/rules/few-retries/"
    assert set(files) == {
        f"{folder}few_retries.rego", f"{folder}few_retries_test.rego", f"{folder}examples.yaml",
    }  # fmt: skip
    tree = {**shipped_tree(), **files}
    (made,) = [each for each in expected_rules(tree) if each.name == "few-retries"]
    assert (made.scope, made.category, made.since) == (scope, CATEGORY_OF[scope], "0.1.0")
    assert lint_rules(tree, [made]) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Few", "not a name"), ("few_retries", "not a name"), ("../x", "not a name"),
        ("few-", "not a name"), ("x" * 61, "not a name"), ("", "not a name"),
        ("default", "reads this word"), ("retries-test", "reads this word"),
        ("mine", "already"), ("freeze", "ships"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_used(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        require_new_name(name, {"mine"}, own_rules(shipped_tree()))
    assert caught.value.fix


def test_a_new_name_is_accepted() -> None:
    require_new_name("few-retries", {"mine"}, {"freeze"})
