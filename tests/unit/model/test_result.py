"""The exit codes of results that follow from what the verb found."""

from datetime import datetime

import pytest

from lockstep.model.audit_results import History, LedgerAudit, ServedThen
from lockstep.model.exit_codes import ExitCode
from lockstep.model.file_results import LockComparison, Status
from lockstep.model.finding import Finding, Severity
from lockstep.model.result import Decided, Failed, NotLive, Offer, OnBranch
from lockstep.model.timeline import Doubt, ServedAt

WRONG = Finding("a.yaml", 1, 1, "lock.identity", "it is another model", "register it again")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], ExitCode.CLEAN),
        ([0, 0], ExitCode.CLEAN),
        ([0, 3], ExitCode.NOTHING_TO_CHECK),
        ([12, 3, 0], ExitCode.GATE_CLOSED),
        ([12, 1], ExitCode.COULD_NOT_RUN),
        ([2, 12], ExitCode.USAGE),
        ([11, 1, 12], ExitCode.DENIED),
        ([13, 10], ExitCode.VERIFICATION_FAILED),
    ],
)
def test_a_closed_gate_does_not_hide_a_family_that_could_not_be_decided_about(
    codes: list[int], expected: ExitCode
) -> None:
    results = tuple(Failed("prod/fraud", "", "", "", ExitCode(code)) for code in codes)
    assert OnBranch("branch main", results).exit_code is expected


def test_what_a_server_refused_is_not_live_and_what_goes_on_a_branch_is_done() -> None:
    assert NotLive(Decided(()), "x").exit_code is ExitCode.CLEAN
    assert NotLive(Decided(()), "x", "refused").exit_code is ExitCode.GATE_CLOSED
    failed = Offer(problem="the forge is down", failed=True)
    assert NotLive(Decided(()), "x", offer=failed).exit_code is ExitCode.COULD_NOT_RUN
    # A rollback that is not live counts more than how it is offered.
    assert NotLive(Decided(()), "x", "refused", failed).exit_code is ExitCode.GATE_CLOSED
    assert NotLive(Decided(()), "x", offer=Offer(problem="no token")).exit_code is ExitCode.CLEAN


def test_findings_of_status_are_invalid_and_those_of_audit_do_not_verify() -> None:
    assert Status(()).exit_code is History(()).exit_code is ExitCode.CLEAN
    assert Status((), (WRONG,)).exit_code is ExitCode.INVALID
    assert History((), (WRONG,)).exit_code is ExitCode.VERIFICATION_FAILED
    assert LedgerAudit((), (WRONG,)).exit_code is ExitCode.VERIFICATION_FAILED
    assert LedgerAudit(()).exit_code is ExitCode.CLEAN


def test_what_served_does_not_verify_where_a_broken_record_may_have_changed_it() -> None:
    def code(*doubts: Doubt) -> ExitCode:
        served = ServedAt("prod", "fraud", None, (), doubts)
        return ServedThen(datetime.min, (served,), {}).exit_code

    assert code() is code(Doubt("a.json", 1, "", True)) is ExitCode.CLEAN
    assert code(Doubt("a.json", 1, "changed", False)) is ExitCode.VERIFICATION_FAILED


def test_a_stale_lock_is_reported_and_a_wrong_one_does_not_verify() -> None:
    stale = Finding("a.yaml", 1, 1, "lock.stale", "facts changed", "lock it",
                    severity=Severity.WARNING)  # fmt: skip
    assert LockComparison((stale,), 1).exit_code is ExitCode.CLEAN
    assert LockComparison((stale, WRONG), 1).exit_code is ExitCode.VERIFICATION_FAILED
