"""What is left with ``--quiet``: what is wrong, and nothing where nothing is."""

from dataclasses import replace

import pytest

from lockstep.model.drift import DriftReport, Unread
from lockstep.model.exit_codes import ExitCode
from lockstep.model.file_results import LockComparison, Locked, RenderedFiles, Upgraded
from lockstep.model.finding import Finding
from lockstep.model.outcome import Outcome
from lockstep.model.result import Failed, NothingToDo, OnBranch
from lockstep.model.rule_results import RuleTests
from lockstep.model.tool_results import Diagnosis, Health, Probe
from lockstep.report.quiet import format_quiet

WRONG = Finding("clusters/prod/a.yaml", 3, 5, "schema", "weight is 101", "write at most 100")
CLEAN = Outcome((), {"clusters": 3})
FOUND = replace(CLEAN, findings=(WRONG,))
DONE = NothingToDo("prod/a", "nothing to do", ExitCode.CLEAN)
FAILED = Failed("prod/b", "prod/b: no", "error: no", "ask", ExitCode.DENIED)
WELL = Probe("git", Health.OK, "2.47")


@pytest.mark.parametrize(
    "found",
    [
        CLEAN, DriftReport(), OnBranch("main", (DONE,)), RenderedFiles(CLEAN, ("a",), ("b",)),
        Upgraded("1", "2", (("rule", "A rule"),), (), RenderedFiles(CLEAN), CLEAN),
        RuleTests(("a",), 3, 2, 100.0, ()), Diagnosis((WELL,)), LockComparison((), 3),
        Locked("locks/1.yaml", "1", "sha256:0"),
    ],
)  # fmt: skip
def test_nothing_is_said_where_nothing_is_wrong(found: object) -> None:
    assert format_quiet(found) == ""


@pytest.mark.parametrize(
    "found",
    [
        FOUND, RenderedFiles(FOUND), LockComparison((WRONG,), 3),
        Upgraded("1", "2", (), (), RenderedFiles(CLEAN), FOUND),
    ],
)  # fmt: skip
def test_findings_are_said_without_what_was_counted(found: object) -> None:
    said = format_quiet(found)
    assert "clusters/prod/a.yaml:3:5" in said and "weight is 101" in said
    assert "3 clusters" not in said and "locks" not in said


def test_of_many_families_only_those_that_failed_are_said() -> None:
    assert format_quiet(OnBranch("main", (DONE, FAILED))) == "prod/b: error: no"


def test_files_that_differ_are_said_where_they_were_compared() -> None:
    said = format_quiet(RenderedFiles(CLEAN, ("rendered/a",), ("rendered/b",), compared=True))
    assert "rendered/a" in said and "rendered/b" in said and "lockstep render" in said


def test_what_could_not_be_read_is_said() -> None:
    report = DriftReport(unread=(Unread("prod-eu", "there is no kubeconfig"),))
    assert "there is no kubeconfig" in format_quiet(report)


def test_only_what_is_missing_of_a_machine_is_said() -> None:
    found = Diagnosis((WELL, Probe("opa", Health.MISSING, "none", "lockstep tools")))
    said = format_quiet(found)
    assert "opa" in said and "lockstep tools" in said and "2.47" not in said


def test_each_problem_of_rules_is_a_line() -> None:
    assert format_quiet(RuleTests(("a",), 1, 1, 50.0, ("a fails", "b fails"))) == "a fails\nb fails"
