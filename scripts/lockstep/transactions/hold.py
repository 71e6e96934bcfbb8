"""Holds: the record that keeps a rollout where it is, and the one that lets it go on."""

from collections.abc import Sequence

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase, Position
from lockstep.model.errors import UsageError
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import next_decision
from lockstep.transactions.commit import Change, build
from lockstep.transactions.publish import Proposal
from lockstep.transactions.run import (
    owner,
    report_data,
    title,
)
from lockstep.transactions.state import State


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
    return record_position(git, state, Action.HOLD, to, reason, code, tuple(evidence), verdict)


def record_position(
    git: Git,
    state: State,
    action: Action,
    to: Position,
    reason: str,
    code: ExitCode,
    evidence: tuple[Evidence, ...] = (),
    verdict: Verdict | None = None,
) -> Proposal:
    """One record of a new position; the variants stay as they are."""
    family = state.family
    newest = family.records[-1].decision
    target = rollout.target(family) or newest.target
    decision = next_decision(
        family, action, to, target, dict(newest.variants), reason,
        state.snapshot.circumstances, evidence=evidence, verdict=verdict,
    )  # fmt: skip
    change = Change(rollout.current_variants(family), rollback_only=True)
    tree, made = build(git, state, change, decision)
    return Proposal(tree, made, Report(f"{title(state)}: {to}: {reason}", code, report_data(made)))
