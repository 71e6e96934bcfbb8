"""Holds: the record that keeps a rollout at its step, and the one that lets it continue."""

from collections.abc import Sequence

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase, Position
from lockstep.model.errors import UsageError
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Blocked, Decided, NothingToDo
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.position import current_variants, position_of, running_target
from lockstep.rollout.state_words import who_and_when
from lockstep.text.sanitise import quoted
from lockstep.transactions.commit import FamilyChange, build
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.state import (
    FamilyState,
    refuse_diverged,
    refuse_odd_records,
    require_history,
    require_pinned_program,
)

_STATUS = "see lockstep status"


def hold(
    git: Git,
    state: FamilyState,
    reason: str,
    *,
    evidence: Sequence[Evidence] = (),
    verdict: Verdict | None = None,
) -> PlannedCommit | Blocked:
    """One record when a hold is entered; only a report where the family is held already.

    ``verdict`` is that of the gates where they enter it, and none where a person does.
    Raises UsageError where no rollout is running, or a rollback is.
    """
    at = position_of(state.family)
    # A second record would say nothing new, and each run of a verb would add one.
    if at.phase is Phase.HELD:
        return Blocked(state.title, f"held: {reason}", state.owner)
    if at.phase is Phase.SHIFTED:  # a hold would keep the family between two states
        fix = "run lockstep advance, which finishes the rollback"
        raise UsageError(f"{state.title} is being rolled back, which cannot be held", fix=fix)
    if running_target(state.family) is None:
        raise UsageError(f"{state.title} has no rollout to hold: it is {at}", fix=_STATUS)
    to = Position(Phase.HELD, at.wave, at.step)
    code = ExitCode.GATE_CLOSED if verdict else ExitCode.CLEAN
    return _record_position(git, state, Action.HOLD, to, reason, code, tuple(evidence), verdict)


def hold_by_hand(
    git: Git, state: FamilyState, reason: str
) -> PlannedCommit | Blocked | NothingToDo:
    """As ``hold``, for a person, who may not be the first: a family that is held stays so."""
    if position_of(state.family).phase is not Phase.HELD:
        return hold(git, state, reason)
    decisions = (record.decision for record in reversed(state.family.records))
    since = next(each for each in decisions if each.action is Action.HOLD)
    text = f"nothing to do: it is held since {who_and_when(since)}"
    if reason == since.reason:
        return NothingToDo(state.title, text, ExitCode.CLEAN)
    # Not a second record: a hold says why the rollout stopped, and that has not changed.
    text += (
        f"; the reason given now, {quoted(reason, 120)}, is not recorded. To record another one, "
        "end this hold and begin a new one; the bake of its step then starts again"
    )
    commands = (f"lockstep {verb} {state.title} --reason '...'" for verb in ("resume", "hold"))
    return NothingToDo(state.title, text, ExitCode.CLEAN, tuple(commands))


def resume(git: Git, state: FamilyState, reason: str) -> PlannedCommit:
    """Leave a hold at the same step.

    Raises UsageError where the family is not held, and Invalid where one of its records does not
    fit its schema: that stops no rollback, but a rollout does not go on from it.
    """
    require_pinned_program(state)
    refuse_diverged(state)
    require_history(state)
    refuse_odd_records(state)
    at = position_of(state.family)
    if at.phase is not Phase.HELD:
        raise UsageError(f"{state.title} is not held: it is {at}", fix=_STATUS)
    # A hold may begin before the first step.
    phase = Phase.PROPOSED if at.wave is None else Phase.ROLLING
    to = Position(phase, at.wave, at.step)
    return _record_position(git, state, Action.RESUME, to, reason, ExitCode.CLEAN)


def _record_position(
    git: Git,
    state: FamilyState,
    action: Action,
    to: Position,
    reason: str,
    code: ExitCode,
    evidence: tuple[Evidence, ...] = (),
    verdict: Verdict | None = None,
) -> PlannedCommit:
    """One record of a new position; the variants stay as they are."""
    family = state.family
    newest = family.records[-1].decision
    target = running_target(family) or newest.target
    # With the recorded variants: specs that were edited by hand must still count as diverged.
    decision = next_decision(
        family, action, to, target, dict(newest.variants), reason,
        state.snapshot.context, evidence=evidence, verdict=verdict, unchecked=state.unchecked,
    )  # fmt: skip
    # No traffic moves, so only the rules that stop a rollback can stop this.
    change = FamilyChange(current_variants(family), rollback_only=True)
    tree, made = build(git, state, change, decision)
    return PlannedCommit(tree, Decided(made, code))
