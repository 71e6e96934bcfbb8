"""Recorded approvals: those of another decision, too few, and forged ones are found."""

from pathlib import Path

from msgspec.structs import replace

from lockstep.check.approvals import check_approvals
from lockstep.model.approval import Approval, Approver, tag_name
from lockstep.model.decision import Action, Decision, Position
from lockstep.model.evidence import Answer, Condition, Evidence, Verdict
from lockstep.model.fleet import Family
from lockstep.rollout.approvals import why_not_approved
from lockstep.rollout.replay import replay_verdicts
from tests.unit.fleets import family
from tests.unit.model.test_approval import payload
from tests.unit.rollout.ledgers import adopted, decide, proposed, stepped
from tests.unit.ssh_keys import approver, signed

TIME = "2026-03-01T08:00:00Z"
LEAD = "lead@example.com"


def item(*approvals: Approval, count: int = 1) -> Evidence:
    gate = {"name": "go", "source": "approval", "role": "managers", "count": count}
    answer = Answer("tag", condition=Condition(True, "approved"), approvals=approvals)
    return Evidence(gate, "fraud-a", "2", "1", TIME, TIME, answer, Verdict.PASS, "approved")


def forward(evidence: Evidence, action: Action = Action.ADVANCE) -> Family:
    at = stepped(proposed(adopted(family()), "2"), "2", {})
    to = Position(at.records[-1].decision.to.phase, 0, 1)
    return decide(at, action, to, "2", evidence=(evidence,), verdict=Verdict.PASS)


def newest(made: Family) -> Decision:
    return made.records[-1].decision


DECISION = newest(forward(item())).id


def tag(keys: Path, decision: str = DECISION) -> str:
    return signed(keys, LEAD, payload(tag_name(decision))).decode()


def problems(evidence: Evidence) -> list[str]:
    made = forward(evidence)
    assert newest(made).id == DECISION  # no evidence is in it
    found = [each.message for each in replay_verdicts(made)]
    return [*found, *(each.message for each in check_approvals([newest(made)]))]


def test_an_approval_of_the_decision_is_confirmed(keys: Path, lead: Approver) -> None:
    assert problems(item(Approval(lead, tag(keys)))) == []


def test_a_pass_without_enough_approvals_is_found(keys: Path, lead: Approver) -> None:
    assert "it holds 0 approvals, and 1 are needed" in problems(item())[0]
    twice = [Approval(lead, tag(keys))] * 2
    assert "it holds 1 approvals, and 2 are needed" in problems(item(*twice, count=2))[0]


def test_an_approval_of_another_decision_is_found(keys: Path, lead: Approver) -> None:
    (found,) = problems(item(Approval(lead, tag(keys, "sha256:" + "0" * 64))))
    assert "not that of an approval of this decision" in found


def test_an_approval_by_another_or_an_old_key_is_found(keys: Path, lead: Approver) -> None:
    other = approver(keys, "other@example.com")
    (found,) = problems(item(Approval(other, tag(keys))))
    assert "its key is not listed" in found
    late = replace(lead, valid_before=TIME)
    (found,) = problems(item(Approval(late, tag(keys))))
    assert "was valid until" in found


def test_a_forged_signature_is_found(keys: Path, lead: Approver) -> None:
    forged = tag(keys).replace("\n\napprove", "\n\nApprove")
    (found,) = problems(item(Approval(lead, forged)))
    assert f"the approval by {LEAD} is not signed by the recorded key" in found


def test_a_rollback_holds_the_approvals_of_the_move_that_was_not_made(
    keys: Path, lead: Approver
) -> None:
    evidence = item(Approval(lead, tag(keys)))
    decision = newest(forward(evidence, Action.SHIFT))
    assert why_not_approved(evidence, decision) == ""
    assert list(check_approvals([decision])) == []


def test_other_gates_need_no_approval() -> None:
    other = replace(item(), gate={"name": "go", "source": "mlflow"})
    assert why_not_approved(other, newest(forward(other))) == ""
    waiting = replace(item(), verdict=Verdict.INCONCLUSIVE)
    assert why_not_approved(waiting, newest(forward(waiting))) == ""
