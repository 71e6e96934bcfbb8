"""``lockstep hold`` and ``lockstep resume``: a rollout stands still until people say otherwise."""

from collections.abc import Sequence

from lockstep.check.workspace import Report
from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase, Position
from lockstep.model.errors import UsageError
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import next_decision
from lockstep.transactions.commit import Change, build
from lockstep.transactions.publish import Proposal
from lockstep.transactions.run import (
    Steering,
    owner,
    report_data,
    require_agreement,
    require_reason,
    steer,
    title,
)
from lockstep.transactions.state import State


def run_hold(steering: Steering, family: str, reason: str) -> Report:
    """Enter a hold by hand. Raises UsageError where no rollout is running."""
    text = require_reason(reason)
    return steer(steering, family, lambda git, state: hold(git, state, text), way_back=True)


def run_resume(steering: Steering, family: str, reason: str) -> Report:
    """Leave a hold: the rollout goes on at the same step, whose bake starts again."""
    text = require_reason(reason)

    def act(git: Git, state: State) -> Proposal | Report:
        require_agreement(state)
        at = rollout.position(state.family)
        if at.phase is not Phase.HELD:
            raise UsageError(f"{title(state)} is not held: it is {at}")
        phase = Phase.PROPOSED if at.wave is None else Phase.ROLLING
        to = Position(phase, at.wave, at.step)
        return _record(git, state, Action.RESUME, to, text, ExitCode.CLEAN)

    return steer(steering, family, act)


def hold(
    git: Git,
    state: State,
    reason: str,
    *,
    evidence: Sequence[Evidence] = (),
    verdict: Verdict | None = None,
) -> Proposal | Report:
    """One record when a hold is entered; only a report where the family is held already."""
    at = rollout.position(state.family)
    if at.phase is Phase.HELD:
        text = f"{title(state)}: held: {reason}. Tell people: {owner(state)}"
        return Report(text, ExitCode.GATE_CLOSED)
    if at.phase is Phase.SHIFTED:
        fix = "run lockstep advance, which finishes the way back"
        raise UsageError(f"{title(state)} is on its way back, which is not to be held", fix=fix)
    if rollout.target(state.family) is None:
        raise UsageError(f"{title(state)} has no running rollout to hold: it is {at}")
    to = Position(Phase.HELD, at.wave, at.step)
    code = ExitCode.GATE_CLOSED if verdict else ExitCode.CLEAN
    return _record(git, state, Action.HOLD, to, reason, code, tuple(evidence), verdict)


def _record(
    git: Git,
    state: State,
    action: Action,
    to: Position,
    reason: str,
    code: ExitCode,
    evidence: tuple[Evidence, ...] = (),
    verdict: Verdict | None = None,
) -> Proposal:
    family = state.family
    newest = family.records[-1].decision
    target = rollout.target(family) or newest.target
    decision = next_decision(
        family, action, to, target, dict(newest.variants), reason,
        state.snapshot.circumstances, evidence=evidence, verdict=verdict,
    )  # fmt: skip
    change = Change(rollout.current_variants(family), way_back_only=True)
    tree, made = build(git, state, change, decision)
    return Proposal(tree, made, Report(f"{title(state)}: {to}: {reason}", code, report_data(made)))
