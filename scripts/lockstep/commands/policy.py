"""``lockstep policy test``: whether the rules themselves can be relied on."""

from dataclasses import dataclass
from pathlib import Path

from lockstep.edges.files import read_tree
from lockstep.edges.opa_binary import find_opa
from lockstep.edges.opa_files import policy_files
from lockstep.edges.opa_tests import OpaReport, check_and_test
from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode
from lockstep.stages.policy import Rule, expected_rules, untested


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """The rules of a repository, those without a test, and what OPA says of all of them."""

    rules: tuple[Rule, ...]
    untested: tuple[str, ...]
    opa: OpaReport

    @property
    def problems(self) -> list[str]:
        """Each thing that is wrong, as a line of text."""
        problems = [f"{path}: the rule has no test beside it" for path in self.untested]
        if self.opa.refused:
            return [*problems, self.opa.refused]
        problems += [f"{test} failed" for test in self.opa.failed]
        if not self.opa.failed:
            problems += [f"{place}: no test runs this line" for place in self.opa.uncovered]
            if not self.opa.passed:
                problems.append("policies/: there are no tests")
        return problems

    @property
    def text(self) -> str:
        """The report for a terminal."""
        count = f"{len(self.rules)} rules, {self.opa.passed} tests passed"
        if self.problems:
            return "\n".join((*self.problems, f"{count}, {len(self.problems)} problems"))
        return f"{count}, {self.opa.coverage:g} % of the lines covered"

    @property
    def data(self) -> Json:
        """The report as JSON data."""
        return {
            "rules": [rule.name for rule in self.rules],
            "passed": self.opa.passed,
            "coverage": self.opa.coverage,
            "problems": self.problems,
        }

    @property
    def exit_code(self) -> ExitCode:
        """Clean, or invalid when there is any problem."""
        return ExitCode.INVALID if self.problems else ExitCode.CLEAN


def run(root: Path) -> PolicyReport:
    """Check the rules under ``policies/`` strictly, run their tests and measure coverage.

    Raises LockstepError when there are no rules, or one of them is described so badly that no
    check could rely on it.
    """
    tree = read_tree(root, ["policies"])
    rules = expected_rules(tree)
    report = check_and_test(policy_files(tree, tests=True), find_opa())
    return PolicyReport(rules, untested(tree, rules), report)
