"""``lockstep policy test``: lint, tests, coverage and examples of the rules."""

from pathlib import Path

from lockstep.check.rule_tests import run_rule_tests
from lockstep.check.workspace import files_at
from lockstep.model.rule_results import RuleTests


def run(root: Path, only: str | None = None) -> RuleTests:
    """Check the rules under ``policies/`` strictly, run their tests and examples.

    ``only`` is the name of a rule whose examples alone are run. Raises LockstepError when there
    are no rules, or one of them lacks METADATA that a check needs.
    """
    return run_rule_tests(files_at(root, ["policies", "templates"]), only)
