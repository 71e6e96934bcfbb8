"""lockstep policy test: what makes rules that nobody can rely on."""

import re
from pathlib import Path

import pytest

from lockstep.commands.policy_test import run
from lockstep.edges.files import read_tree, write_changes
from lockstep.model.errors import LockstepError, NothingToCheck
from lockstep.model.exit_codes import ExitCode
from lockstep.report.results import format_text
from tests.unit.opa.parts import opa_program

ROOT = Path(__file__).resolve().parents[3]
RULE = "policies/rules/weights-sum/weights_sum.rego"
TEST = RULE.replace(".rego", "_test.rego")
EXAMPLES = "policies/rules/weights-sum/examples.yaml"
LIB = "policies/lib/more.rego"


KEPT = ("weights-sum", "step-in-plan", "version-skew", "min-replicas")
"""Rules enough for the tests of the rest, and quick to run."""


def repository(folder: Path, **changes: str) -> Path:
    """A repository with some of the shipped rules; changes are files by name: text to add."""
    shipped = read_tree(ROOT, ["policies", "templates"])
    files = {
        path: data
        for path, data in shipped.items()
        if not path.startswith("policies/rules/") or path.split("/")[2] in KEPT
    }
    for name, text in changes.items():
        path = {"rule": RULE, "test": TEST, "lib": LIB, "examples": EXAMPLES}[name]
        files[path] = files.get(path, b"") + text.encode()
    write_changes(folder, files)
    opa_program()
    return folder


def problems_of(root: Path) -> list[str]:
    """The problems, except uncovered lines of the library that only other rules run."""
    shared = re.compile(r"policies/lib/(?!more)\w+\.rego:\d+: no test runs this line")
    return [line for line in run(root).problems if not shared.fullmatch(line)]


def replaced(folder: Path, path: str, old: str, new: str) -> None:
    text = (folder / path).read_text()
    assert text.count(old) == 1
    (folder / path).write_text(text.replace(old, new))


def test_the_shipped_policies_are_clean() -> None:
    opa_program()
    report = run(ROOT)
    assert report.problems == []
    assert report.exit_code is ExitCode.CLEAN
    assert report.coverage == 100
    assert len(report.rules) > 45
    assert report.examples >= 2 * len(report.rules)
    assert format_text(report).startswith(f"{len(report.rules)} rules, {report.passed} tests")


def test_a_failing_test_is_named_with_its_place(tmp_path: Path) -> None:
    report = run(repository(tmp_path, test="\ntest_wrong if 1 == 2\n"))
    line = (tmp_path / TEST).read_text().count("\n")
    assert report.problems == [f"{TEST}:{line}: test_wrong failed"]
    assert report.exit_code is ExitCode.INVALID


def test_a_test_that_is_skipped_has_not_passed(tmp_path: Path) -> None:
    report = run(repository(tmp_path, test="\ntodo_test_later if true\n"))
    assert [problem.split(": ")[1] for problem in report.problems] == ["todo_test_later failed"]


def test_a_line_that_no_test_runs_is_named(tmp_path: Path) -> None:
    root = repository(tmp_path, lib="package lockstep.lib.more\n\nlost(x) := x + 1\n")
    assert problems_of(root) == [f"{LIB}:3: no test runs this line"]


def test_a_rule_without_test_is_named(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / TEST).unlink()
    report = run(root)
    assert f"{RULE}: the rule has no test file in its folder" in report.problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x := lost(1)\n", "undefined function lost"),
        ("import data.lockstep.lib.finding\n", "unused"),
        ("f(x) := 1\n", "unused"),
    ],
)
def test_what_the_strict_compiler_refuses(tmp_path: Path, text: str, message: str) -> None:
    report = run(repository(tmp_path, lib=f"package lockstep.lib.more\n\n{text}"))
    assert len(report.problems) == 1
    assert message in report.problems[0]
    assert f"{LIB}:3" in report.problems[0]


def test_impure_builtins_are_refused(tmp_path: Path) -> None:
    reaching = 'package lockstep.lib.more\n\nx := http.send({"method": "get", "url": "x"})\n'
    (problem,) = run(repository(tmp_path, lib=reaching)).problems
    assert f"{LIB}:3" in problem
    assert "http.send" in problem


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("#   category: traffic\n", "", "custom.category is not one of traffic"),
        ("#   since: 0.1.0\n", "#   since: lately\n", "custom.since is 'lately'"),
        ("#   waivable: false\n", "", "custom.waivable is missing"),
        ("#   - input: schema.cluster\n", "#   - input: schema.family\n", "without schemas"),
    ],
)
def test_metadata_are_complete(tmp_path: Path, old: str, new: str, problem: str) -> None:
    root = repository(tmp_path)
    replaced(root, RULE, old, new)
    assert any(problem in line and RULE in line for line in run(root).problems)


def test_messages_show_what_was_found(tmp_path: Path) -> None:
    more = "\n# METADATA\n# title: Silent\n# custom:\n#   message: wrong.\n#   solution: fix it\n"
    more += 'deny contains finding.at(rego.metadata.rule(), ["spec"], []) if 1 == 2\n'
    problems = run(repository(tmp_path, rule=more)).problems
    silent = f"{RULE}: the message of 'Silent' has no %s for the value that the rule found"
    assert silent in problems
    full = f"{RULE}: the message or the solution of 'Silent' ends with a full stop; remove it"
    assert full in problems


@pytest.mark.parametrize(
    "head",
    [
        '{"message": "it is 1", "fix": "", "pointer": "/spec"}',
        "object.union(finding.at(1, [], []), {})",
    ],
)
def test_only_the_library_builds_findings(tmp_path: Path, head: str) -> None:
    more = "\n# METADATA\n# title: Own\n# custom:\n#   message: it is %s\n#   solution: fix it\n"
    problems = run(repository(tmp_path, rule=f"{more}deny contains {head} if 1 == 2\n")).problems
    line = (tmp_path / RULE).read_text().count("\n")
    assert any(f"{RULE}: line {line}: build the finding with" in problem for problem in problems)


def test_a_library_of_the_same_name_does_not_count(tmp_path: Path) -> None:
    root = repository(tmp_path, lib="package lockstep.lib.more\n\nat(_, _, _) := 1\n")
    replaced(
        root, RULE, "import data.lockstep.lib.finding", "import data.lockstep.lib.more as finding"
    )
    missing = "import data.lockstep.lib.finding is missing"
    assert any(missing in problem for problem in run(root).problems)


def test_every_rule_has_a_bad_and_a_good_example(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / EXAMPLES).unlink()
    problems = run(root).problems
    assert f"{RULE}: examples.yaml has no good example" in problems
    assert f"{RULE}: examples.yaml has no bad example" in problems


def test_an_example_shows_exactly_what_it_says(tmp_path: Path) -> None:
    root = repository(tmp_path)
    path = "policies/rules/min-replicas/examples.yaml"
    replaced(root, path, "line: 41, column: 17", "line: 40, column: 17")
    first, second = problems_of(root)
    assert "does not find clusters/prod/scoring/family.yaml:40:17" in first
    assert "finds clusters/prod/scoring/family.yaml:41:17" in second


def test_a_fleet_that_a_threshold_denies_is_reported_once_and_not_per_example(
    tmp_path: Path,
) -> None:
    root = repository(tmp_path)
    replaced(root, "policies/rules/min-replicas/thresholds.yaml", "production: 2", "production: 3")
    (only,) = problems_of(root)
    assert only.startswith("policies/examples/clusters/prod/ranking/family.yaml:24:17: ")
    assert "(policy.min-replicas); fix the example fleet" in only


def test_waivers_do_not_apply_to_the_example_fleet(tmp_path: Path) -> None:
    root = repository(tmp_path)
    waiver = root / "policies/data/waivers/for-now.yaml"
    waiver.parent.mkdir()
    waiver.write_text(
        "apiVersion: lockstep.dev/v1alpha1\nkind: Waivers\nmetadata: {name: for-now}\n"
        "spec:\n  waivers:\n    - rule: min-replicas\n      scope: {environment: prod}\n"
        "      owner: team@example.com\n      reason: it is small\n      ticket: OPS-1\n"
        '      expires: "2026-08-01"\n'
    )
    assert problems_of(root) == []


def test_an_example_that_does_not_fit_its_file_is_an_error(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / EXAMPLES).write_text(
        "bad:\n  - about: x\n    change: [{file: clusters/prod/scoring/family.yaml, "
        'replace: "lost", with: ""}]\n    finds: [{file: a, line: 1, column: 1, message: m}]\n'
    )
    with pytest.raises(LockstepError, match="'lost', which is 0 times") as caught:
        run(root)
    assert caught.value.where == EXAMPLES


def test_thresholds_are_held_against_their_schema(tmp_path: Path) -> None:
    root = repository(tmp_path)
    replaced(root, "policies/rules/min-replicas/thresholds.yaml", "production: 2", "production: -2")
    assert any("thresholds.yaml:4" in line and "-2" in line for line in run(root).problems)


def test_an_unexpected_file_of_a_rule_is_named(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / "policies/rules/weights-sum/notes.txt").write_text("x")
    line = "policies/rules/weights-sum/notes.txt: unexpected file in the folder of a rule"
    assert problems_of(root) == [line]


def test_a_misspelt_field_of_the_input_is_refused(tmp_path: Path) -> None:
    more = '\n# METADATA\n# title: Typo\n# custom:\n#   message: "%s"\n#   solution: fix\n'
    more += "deny contains finding.at(rego.metadata.rule(), [], [1]) if input.new.spec.variant\n"
    (problem,) = run(repository(tmp_path, rule=more)).problems
    assert "input.new.spec.variant" in problem


def test_a_fleet_without_rules_of_its_own_has_nothing_to_test(tmp_path: Path) -> None:
    with pytest.raises(NothingToCheck, match="no rule of its own"):
        run(tmp_path)


def test_it_says_which_rule_is_tested(tmp_path: Path) -> None:
    shown: list[str] = []
    run(repository(tmp_path), "weights-sum", shown.append)
    assert shown == ["OPA runs the tests of 1 rule", "examples of weights-sum (1 of 1)"]
