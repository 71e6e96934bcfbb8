"""The one decision that is due for a family: evaluates its gates, and moves, holds or waits."""

from collections.abc import Sequence

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Evidence
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Blocked, Decided, Waiting
from lockstep.rollout.gate_questions import questions
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.plan import Move, Plan, plan
from lockstep.rollout.position import position_of, running_target
from lockstep.rollout.skew import skew_breached
from lockstep.transactions.commit import FamilyChange, build
from lockstep.transactions.gates import ask_gates
from lockstep.transactions.hold import hold
from lockstep.transactions.publish import PlannedCommit
from lockstep.transactions.rollback import RollbackRequest, roll_back
from lockstep.transactions.run import RunOptions
from lockstep.transactions.state import FamilyState, refuse_diverged, require_history


def advance(git: Git, options: RunOptions, state: FamilyState) -> PlannedCommit | Waiting | Blocked:
    """The decision that is due for a family on its newest published state, or why it waits."""
    evidence = ask_gates(options, questions(state.family, options.now))
    due = plan(state.family, evidence, options.now)
    match due.move:
        case Move.STEP | Move.VERIFY:
            require_history(state)
            return _move_on(git, state, due, evidence)
        case Move.HOLD:
            return hold(git, state, due.reason, evidence=evidence, verdict=due.verdict)
        case Move.REVERT | Move.RESTORE:
            return _roll_back(git, options, state, due, evidence)
        case Move.DIVERGED:
            # It raises: a family that was edited by hand must not look like one that waits.
            refuse_diverged(state)
    return _waiting(state, due, evidence)


def _move_on(
    git: Git, state: FamilyState, due: Plan, evidence: Sequence[Evidence]
) -> PlannedCommit:
    """The next step, or the verification after the last one."""
    target = running_target(state.family)
    if target is None or due.to is None or due.variants is None:
        raise LockstepError(f"{state.title}: the plan names no version to move")
    action = Action.VERIFY if due.move is Move.VERIFY else Action.ADVANCE
    decision = next_decision(
        state.family, action, due.to, target, due.variants, due.reason,
        state.snapshot.context, verdict=due.verdict, evidence=tuple(evidence),
    )  # fmt: skip
    tree, made = build(git, state, FamilyChange(due.variants), decision)
    return PlannedCommit(tree, Decided(made))


def _roll_back(
    git: Git, options: RunOptions, state: FamilyState, due: Plan, evidence: Sequence[Evidence]
) -> PlannedCommit | Blocked:
    target = running_target(state.family)
    if target is None:
        raise LockstepError(f"{state.title}: no version to roll back")
    request = RollbackRequest(target, due.reason, evidence, due.verdict)
    return roll_back(git, options, state, request)


def _waiting(state: FamilyState, due: Plan, evidence: Sequence[Evidence]) -> Waiting:
    at = position_of(state.family)
    code = ExitCode.GATE_CLOSED
    if due.move is Move.NOTHING:  # without a record, the family has not been adopted yet
        code = ExitCode.NOTHING_TO_CHECK if at.phase is Phase.NEW else ExitCode.CLEAN
    return Waiting(
        state.title, str(at), due.move.value, due.reason, evidence, code,
        notify=state.owner if due.notify else "",
        skew_breached=skew_breached(state.family, state.snapshot.context.now),
    )  # fmt: skip
