"""``lockstep policy test``: lint, tests, coverage and examples of the rules."""

from pathlib import Path

from lockstep.check.rule_tests import Progress, run_rule_tests
from lockstep.check.workspace import files_at, shipped_for
from lockstep.model.errors import NothingToCheck
from lockstep.model.rule_results import RuleTests
from lockstep.policy import expected_rules
from lockstep.policy.in_force import is_complete, own_rules, tested_tree
from lockstep.policy.rules import rule_named


def _silent(_: str) -> None:
    pass


def run(root: Path, only: str | None = None, progress: Progress = _silent) -> RuleTests:
    """Check rules strictly, run their tests and examples: those that a fleet adds or replaces.

    They are tested with the example fleet and the thresholds that ship. Where ``root`` has all
    policies itself, all of them are tested. ``only`` is the name of one rule to test, which may
    be any; ``progress`` shows which one is tested now. Raises UsageError where there is none of
    that name, NothingToCheck where the fleet has no rule of its own, and LockstepError where a
    rule lacks METADATA that a check needs.
    """
    own = files_at(root, ["policies", "templates"])
    tree = tested_tree(own, shipped_for(own))
    rules = expected_rules(tree)
    if only is not None:
        return run_rule_tests(tree, [rule_named(only, rules)], libraries=False, progress=progress)
    if is_complete(own):
        return run_rule_tests(tree, rules, progress=progress)
    mine = [rule for rule in rules if rule.name in own_rules(own)]
    if not mine:
        raise NothingToCheck(
            "this fleet has no rule of its own; those that ship are tested with the program",
            fix="lockstep policy new RULE adds one; --rule tests one that ships",
        )
    return run_rule_tests(tree, mine, libraries=False, progress=progress)
