"""``lockstep policy test``: lint, tests, coverage and examples of the rules."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lockstep.check.compiled import policies_of, threshold_findings
from lockstep.check.pipeline import CheckInput, run_pipeline
from lockstep.check.policy_sets import open_policy_set
from lockstep.edges.files import read_tree
from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Tree
from lockstep.opa.binary import find_opa
from lockstep.opa.files import policy_files
from lockstep.opa.testing import OpaReport, check_and_test
from lockstep.policy import Rule, expected_rules
from lockstep.policy.examples import (
    NOW,
    Example,
    differences,
    example_fleet,
    fleet_problems,
    read_examples,
)
from lockstep.policy.input_schemas import input_schemas
from lockstep.policy.rule_lint import lint_rules
from lockstep.report.counting import count
from lockstep.spec.schema.load import read_schemas


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """The rules of a repository, the problems of their files, and the results of OPA's tests.

    ``wrong`` and ``examples`` hold one line per problem; ``shown`` counts the examples.
    """

    rules: tuple[Rule, ...]
    wrong: tuple[str, ...]
    opa: OpaReport
    examples: tuple[str, ...] = ()
    shown: int = 0

    @property
    def problems(self) -> list[str]:
        """Every problem, one line each."""
        problems = list(self.wrong)
        if self.opa.refused:
            return [*problems, self.opa.refused]
        problems += [f"{test} failed" for test in self.opa.failed]
        if not self.opa.failed:
            problems += [f"{place}: no test runs this line" for place in self.opa.uncovered]
            if not self.opa.passed:
                problems.append("policies/: there are no tests")
        return [*problems, *self.examples]

    @property
    def text(self) -> str:
        """The report for a terminal."""
        said = f"{len(self.rules)} rules, {self.opa.passed} tests passed, {self.shown} examples"
        if self.problems:
            return "\n".join((*self.problems, f"{said}, {count(len(self.problems), 'problem')}"))
        return f"{said}, {self.opa.coverage:g} % of the lines covered"

    @property
    def data(self) -> Json:
        """The report as JSON data."""
        return {
            "rules": [rule.name for rule in self.rules],
            "passed": self.opa.passed,
            "examples": self.shown,
            "coverage": self.opa.coverage,
            "problems": self.problems,
        }

    @property
    def exit_code(self) -> ExitCode:
        """Clean, or invalid when there is any problem."""
        return ExitCode.INVALID if self.problems else ExitCode.CLEAN


def run(root: Path, only: str | None = None) -> PolicyReport:
    """Check the rules under ``policies/`` strictly, run their tests and examples.

    ``only`` is the name of a rule whose examples alone are run. Raises LockstepError when there
    are no rules, or one of them lacks METADATA that a check needs.
    """
    tree = read_tree(root, ["policies", "templates"])
    rules = expected_rules(tree)
    wrong = [f"{f.file}:{f.line}: {f.message}" for f in threshold_findings(tree)]
    wrong += lint_rules(tree, rules)
    types = input_schemas(read_schemas(tree))
    opa = check_and_test(policy_files(tree, tests=True), find_opa(), types)
    chosen = [rule for rule in rules if only in (None, rule.name)]
    shown, problems = (0, []) if opa.refused else run_examples(tree, chosen)
    return PolicyReport(rules, tuple(wrong), opa, tuple(problems), shown)


def run_examples(tree: Tree, rules: list[Rule]) -> tuple[int, list[str]]:
    """How many examples the rules have, and one line per difference from what they expect."""
    problems: list[str] = []
    shown = 0
    with ExitStack() as stack:
        policy_sets = [open_policy_set(stack, policies_of(tree))]
        fleet = example_fleet(tree)
        whole = run_pipeline(policy_sets, CheckInput(fleet, fleet, NOW, compared=False)).checked
        if found := (*whole.invalid, *whole.denied):
            return 0, list(dict.fromkeys(fleet_problems(found)))
        for rule in rules:
            for example in read_examples(tree, rule):
                shown += 1
                result = run_pipeline(policy_sets, _input_of(example)).checked
                found = (*result.invalid, *result.denied)
                problems += [
                    f"policies/rules/{rule.name}/examples.yaml: {example.about!r} {problem}"
                    for problem in differences(example, found, rule)
                ]
    return shown, problems


def _input_of(example: Example) -> CheckInput:
    return CheckInput(example.after, example.before, example.now, compared=False)
