"""The list of rules comes from the policy files, and an unusable rule is refused."""

from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.model.finding import Severity
from lockstep.policy.rules import CATEGORIES, Scope, blocking, expected_rules, untested

ROOT = Path(__file__).resolve().parents[3]
PATH = "policies/rules/one-thing/one_thing.rego"
RULE = """\
# METADATA
# title: One thing
# description: It holds.
# custom:
#   short_name: one-thing
#   severity: warning
#   since: 0.1.0
#   scope: family
#   blocksRevert: true
package lockstep.rules.one_thing

checked if input.new

# METADATA
# title: Broken
# custom:
#   message: it is %s
#   solution: fix it
deny contains 1 if input.new
"""


def tree(text: str = RULE, path: str = PATH) -> dict[str, bytes]:
    return {path: text.encode()}


def test_a_rule_is_read_from_its_metadata() -> None:
    (rule,) = expected_rules(tree())
    assert (rule.name, rule.package, rule.id) == ("one-thing", "one_thing", "policy.one-thing")
    assert (rule.scope, rule.severity, rule.blocks_revert) == (
        Scope.FAMILY, Severity.WARNING, True,
    )  # fmt: skip
    assert rule.denials == (("Broken", "it is %s", "fix it"),)
    assert (rule.title, rule.description, rule.since) == ("One thing", "It holds.", "0.1.0")


def test_the_shipped_rules() -> None:
    shipped = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in ROOT.joinpath("policies").rglob("*.rego")
    }
    rules = expected_rules(shipped)
    assert len(rules) > 50
    assert {rule.category for rule in rules} == set(CATEGORIES)
    scopes = {rule.name: rule.scope for rule in rules}
    assert scopes["weights-sum"] is Scope.CLUSTER
    assert scopes["version-skew"] is Scope.FAMILY
    assert scopes["tenant-quota"] is Scope.ENVIRONMENT
    assert [rule.name for rule in blocking(rules)] == [
        "quarantined-not-served", "version-locked", "weights-sum",
    ]  # fmt: skip
    assert untested(shipped, rules) == ()


def test_a_rule_without_a_test_is_named() -> None:
    files = tree()
    assert untested(files, expected_rules(files)) == (PATH,)
    files["policies/rules/one-thing/one_thing_test.rego"] = b""
    assert untested(files, expected_rules(files)) == ()


@pytest.mark.parametrize("files", [{}, {"policies/main.rego": b""}, {"policies/rules/a.rego": b""}])
def test_no_rules_is_an_error(files: dict[str, bytes]) -> None:
    with pytest.raises(LockstepError, match="there are no rules"):
        expected_rules(files)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("package lockstep.rules.one_thing", "package lockstep.rules.one_thign", "is missing"),
        ("# METADATA\n# title: One", "# title: One", "is missing"),
        ("checked if", "chekced if", "has no checked"),
        ("deny contains", "denny contains", "each deny needs METADATA"),
        ("# METADATA\n# title: Broken", "# title: Broken", "each deny needs METADATA"),
        ("#   message: it is %s\n", "", "custom.message"),
        ("#   solution: fix it", "#   solution: 7", "custom.message and custom.solution"),
        ("# title: One thing\n", "", "'title'"),
        ("short_name: one-thing", "short_name: two", "short_name"),
        ("severity: warning", "severity: fatal", "fatal"),
        ("scope: family", "scope: galaxy", "galaxy"),
        ("blocksRevert: true", "blocksRevert: maybe", "blocksRevert"),
        ("#   since: 0.1.0\n", "", "'since'"),
        ("# custom:\n#   short_name", "# others:\n#   short_name", "scope"),
        ("# title: One thing", "# title: [", "not valid YAML"),
    ],
)
def test_an_unusable_rule_is_refused(old: str, new: str, message: str) -> None:
    assert old in RULE
    with pytest.raises(LockstepError) as caught:
        expected_rules(tree(RULE.replace(old, new)))
    assert message in caught.value.message
    assert caught.value.where == PATH


def test_two_denials_and_one_description_are_refused() -> None:
    with pytest.raises(LockstepError, match="each deny needs METADATA"):
        expected_rules(tree(RULE + "\ndeny contains 2 if input.old\n"))


def test_a_folder_holds_one_rule_and_has_a_plain_name() -> None:
    with pytest.raises(LockstepError, match="must have one rule; this one has 2"):
        expected_rules({**tree(), **tree(path=PATH.replace("thing.rego", "more.rego"))})
    with pytest.raises(LockstepError, match="must have one rule; this one has 0"):
        expected_rules({PATH.replace(".rego", "_test.rego"): b""})
    with pytest.raises(LockstepError, match="lower-case-with-dashes"):
        expected_rules(tree(path="policies/rules/One_Thing/one_thing.rego"))
