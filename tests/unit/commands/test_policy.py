"""lockstep policy test: what makes rules that nobody can rely on."""

from pathlib import Path

import pytest

from lockstep.commands.policy import run
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode
from tests.unit.edges.opa_parts import opa_program, shipped_policies

RULE = "policies/rules/weights-sum/weights_sum.rego"
TEST = RULE.replace(".rego", "_test.rego")
LIB = "policies/lib/more.rego"


def repository(folder: Path, **changes: str) -> Path:
    """A repository with the shipped policies; changes are files by name: text to add."""
    files = shipped_policies()
    for name, text in changes.items():
        path = {"rule": RULE, "test": TEST, "lib": LIB}[name]
        files[path] = files.get(path, b"") + text.encode()
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    opa_program()
    return folder


def test_the_shipped_policies_are_clean(tmp_path: Path) -> None:
    report = run(repository(tmp_path))
    assert report.problems == []
    assert report.exit_code is ExitCode.CLEAN
    assert report.data["coverage"] == 100
    assert report.text.startswith(f"{len(report.rules)} rules, {report.data['passed']} tests")


def test_a_failing_test_is_named_with_its_place(tmp_path: Path) -> None:
    report = run(repository(tmp_path, test="\ntest_wrong if 1 == 2\n"))
    line = (tmp_path / TEST).read_text().count("\n")
    assert report.problems == [f"{TEST}:{line}: test_wrong failed"]
    assert report.exit_code is ExitCode.INVALID


def test_a_test_that_is_skipped_has_not_passed(tmp_path: Path) -> None:
    report = run(repository(tmp_path, test="\ntodo_test_later if true\n"))
    assert [problem.split(": ")[1] for problem in report.problems] == ["todo_test_later failed"]


def test_a_line_that_no_test_runs_is_named(tmp_path: Path) -> None:
    report = run(repository(tmp_path, lib="package lockstep.lib.more\n\nlost(x) := x + 1\n"))
    assert report.problems == [f"{LIB}:3: no test runs this line"]
    assert report.exit_code is ExitCode.INVALID


def test_a_rule_without_test_is_named(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / TEST).unlink()
    report = run(root)
    assert f"{RULE}: the rule has no test beside it" in report.problems


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
    with pytest.raises(LockstepError, match=r"http\.send") as caught:
        run(repository(tmp_path, lib=reaching))
    assert caught.value.where == f"{LIB}:3"


def test_no_rules_are_never_clean(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="there are no rules"):
        run(tmp_path)
