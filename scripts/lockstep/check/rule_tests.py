"""The tests of rules: lint, OPA's tests with their coverage, and the examples of each rule."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

from lockstep.check.compiled import policies_of, threshold_findings
from lockstep.check.pipeline import CheckInput, run_pipeline
from lockstep.check.policy_sets import open_policy_set
from lockstep.model.fleet import Tree
from lockstep.model.rule_results import RuleTests
from lockstep.opa.binary import find_opa
from lockstep.opa.files import policy_files
from lockstep.opa.testing import OpaReport, check_and_test
from lockstep.policy import Rule
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
from lockstep.spec.yaml.load import Documents

Progress = Callable[[str], None]
"""Shows what is being done, for a person who waits."""


def _silent(_: str) -> None:
    pass


def run_rule_tests(
    tree: Tree, rules: Collection[Rule], *, libraries: bool = True, progress: Progress = _silent
) -> RuleTests:
    """Check the policies of a tree strictly, run the tests and examples of these of its rules.

    With ``libraries`` also the tests of what all rules share. Raises LockstepError where an
    example cannot be used.
    """
    progress(f"OPA runs the tests of {count(len(rules), 'rule')}")
    problems = [f"{f.file}:{f.line}: {f.message}" for f in threshold_findings(tree)]
    problems += lint_rules(tree, rules)
    types = input_schemas(read_schemas(tree))
    tested = None if libraries else [rule.package for rule in rules]
    opa = check_and_test(policy_files(tree, tests=True), find_opa(), types, tested)
    problems += _problems_of(opa)
    shown, different = (0, []) if opa.refused else run_examples(tree, rules, progress)
    names = tuple(rule.name for rule in rules)
    return RuleTests(names, opa.passed, shown, opa.coverage, [*problems, *different])


def _problems_of(opa: OpaReport) -> Iterator[str]:
    """One line per problem; without compiled rules or with failed tests there is no coverage."""
    if opa.refused:
        yield opa.refused
        return
    yield from (f"{test} failed" for test in opa.failed)
    if not opa.failed:
        yield from (f"{place}: no test runs this line" for place in opa.uncovered)
        if not opa.passed:
            yield "policies/: there are no tests"


def run_examples(
    tree: Tree, rules: Collection[Rule], progress: Progress = _silent
) -> tuple[int, list[str]]:
    """How many examples the rules have, and one line per difference from what they expect."""
    problems: list[str] = []
    shown = 0
    with ExitStack() as stack:
        # One OPA for all examples: to start one takes longer than to evaluate an example.
        fleet, documents = example_fleet(tree), Documents()
        policy_sets = [open_policy_set(stack, policies_of(fleet))]
        # What is wrong with the shared fleet would be found again in every example.
        given = CheckInput(fleet, fleet, NOW, compared=False, documents=documents)
        whole = run_pipeline(policy_sets, given).checked
        if found := (*whole.invalid, *whole.denied):
            return 0, list(dict.fromkeys(fleet_problems(found)))
        for number, rule in enumerate(rules, start=1):
            progress(f"examples of {rule.name} ({number} of {len(rules)})")
            for example in read_examples(tree, rule):
                shown += 1
                result = run_pipeline(policy_sets, _input_of(example, documents)).checked
                found = (*result.invalid, *result.denied)
                problems += [
                    f"policies/rules/{rule.name}/examples.yaml: {example.about!r} {problem}"
                    for problem in differences(example, found, rule)
                ]
    return shown, problems


def _input_of(example: Example, documents: Documents) -> CheckInput:
    after, before = example.after, example.before
    return CheckInput(after, before, example.now, compared=False, documents=documents)
