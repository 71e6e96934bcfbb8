"""What a family does next: a pure function of its records, the evidence and the time.

Nothing here reads a clock, a server or a file, so a second run with the same inputs makes
the same decision with the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lockstep.model.decision import Action, Phase, Position, Variants
from lockstep.model.document import value_at
from lockstep.model.evidence import Evidence, Verdict, worst
from lockstep.model.fleet import Family
from lockstep.model.times import format_time, later, parse_duration
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.gate_questions import before_first_step, has_propose_gates
from lockstep.rollout.liveness import asked_from, bakes_from, liveness
from lockstep.rollout.position import (
    bake_ends,
    clusters_of_wave,
    current_variants,
    following,
    plan_changed,
    position_of,
    running_target,
    step_began,
)
from lockstep.spec import variants as forms
from lockstep.spec.ledger import unsettled

NO_EVIDENCE = "no gate gave evidence"
"""The reason where nothing was asked, which is never a pass."""

SHIFT_PATIENCE = timedelta(minutes=15)
"""After it the owner is notified of a shift that is not live: the bad version still serves."""

NO_ROLLOUT = "no rollout is running"
"""Why nothing is due for a steady family."""


class Move(StrEnum):
    """What ``advance`` does with a family."""

    NOTHING = "nothing"  # no rollout is running
    WAIT = "wait"  # baking, or the evidence is not there yet: nothing is committed
    DIVERGED = "diverged"  # the specs are not those of the newest record, or a record is broken
    STEP = "step"
    VERIFY = "verify"
    HOLD = "hold"
    REVERT = "revert"
    RESTORE = "restore"  # a shift was made and is live, and its second half is due


@dataclass(frozen=True)
class Plan:
    """The move, why it is made, and for a step or a verification what comes after it.

    ``bakes`` says that it waits for the step to be live or for the end of its bake, whatever the
    other gates say.
    """

    move: Move
    reason: str
    to: Position | None = None
    variants: dict[str, Variants] | None = None
    verdict: Verdict | None = None
    notify: bool = False
    bakes: bool = False


def plan(family: Family, evidence: Sequence[Evidence], now: datetime) -> Plan:
    """The next move of a family. ``evidence`` answers the questions of the same time."""
    at = position_of(family)
    # First: what the newest record said is not known where that one was removed.
    if broken := unsettled(family):
        return Plan(Move.DIVERGED, "broken records: " + ", ".join(each.path for each in broken))
    if at.phase is Phase.NEW:
        return Plan(Move.NOTHING, "it has no record yet; lockstep adopt makes the first one")
    # Before the verdict: gates would measure weights that no record knows.
    divergences = find_divergences(family)
    if divergences:
        return Plan(Move.DIVERGED, "; ".join(str(each) for each in divergences))
    # Not between the halves of a rollback: the candidate's lock must not keep it from finishing.
    if (exchanged := exchanged_lock(family)) and at.phase is not Phase.SHIFTED:
        return Plan(Move.WAIT, exchanged, notify=True)
    if at.phase is Phase.STEADY:
        return Plan(Move.NOTHING, NO_ROLLOUT)
    if at.phase is Phase.SHIFTED:
        return plan_restore(family, evidence, now)
    verdict = worst(item.verdict for item in evidence)
    # Before hold and bake: neither delays the rollback of a version that fails.
    if verdict is Verdict.FAIL:
        return _failed(family, at, evidence)
    if at.phase is Phase.HELD:
        return Plan(Move.WAIT, _reason_of_hold(family), verdict=verdict)
    if before_first_step(family):
        return _first_step(family, verdict, evidence)
    return _after_bake(family, at, verdict, evidence, now)


def plan_restore(family: Family, evidence: Sequence[Evidence], now: datetime) -> Plan:
    """The second half of a rollback: due once the shift is live, at once where no gate can tell.

    Until then it waits: it removes the version that was shifted away, which must have no traffic.
    """
    live = liveness(family, evidence)
    verdict = worst(item.verdict for item in evidence) if evidence else None
    if live.waits:
        shifted = asked_from(family)
        # The rollback is in git and not in the cluster, so a person is needed soon.
        overdue = shifted is not None and now >= later(shifted, SHIFT_PATIENCE)
        reason = f"the restore waits until the shift is live: {live.why}"
        return Plan(Move.WAIT, reason, verdict=verdict, notify=overdue)
    reason = "the traffic was shifted, and the restore is due"
    if live.asked and live.since:
        reason = f"the shift is live since {format_time(live.since)}, and the restore is due"
    return Plan(Move.RESTORE, reason, verdict=verdict)


def _first_step(family: Family, verdict: Verdict, evidence: Sequence[Evidence]) -> Plan:
    """The first step: it does not bake, and waits for gates with ``when: propose`` only."""
    first, reason = Position(Phase.ROLLING, 0, 0), "the proposal was merged"
    if not has_propose_gates(family):
        return _step(family, first, None, reason)
    if verdict is not Verdict.PASS:
        return Plan(Move.WAIT, reasons(evidence, verdict) or NO_EVIDENCE, verdict=verdict)
    return _step(family, first, verdict, f"{reason}, and every gate of a proposal passed")


def exchanged_lock(family: Family) -> str:
    """Why the candidate's lock is not that of the proposed version; empty where it is."""
    target = running_target(family)
    if target is None:
        return ""
    if family.digest_of(target.version) == target.digest:
        return ""
    place = f"{family.folder}/locks/{target.version}.yaml"
    return f"{place} is not the lock of what was proposed: restore it from git, or revert"


def _failed(family: Family, at: Position, evidence: Sequence[Evidence]) -> Plan:
    reason = reasons(evidence, Verdict.FAIL)
    if family.spec["rollout"]["onFailure"] == "revert":
        return Plan(Move.REVERT, reason, verdict=Verdict.FAIL)
    # A second hold would say nothing new, so the owner is notified without a record.
    if at.phase is Phase.HELD:
        return Plan(Move.WAIT, reason, verdict=Verdict.FAIL, notify=True)
    held = Position(Phase.HELD, at.wave, at.step)
    unchanged = current_variants(family)
    return Plan(Move.HOLD, reason, held, unchanged, Verdict.FAIL, notify=True)


def _after_bake(
    family: Family, at: Position, verdict: Verdict, evidence: Sequence[Evidence], now: datetime
) -> Plan:
    began = step_began(family)
    if began is None or at.step is None:
        return Plan(Move.WAIT, "the record does not say when the step began", verdict=verdict)
    live = liveness(family, evidence)
    ends = bake_ends(family, live.since or began, at.step)
    if ends is None:
        reason = f"spec.rollout.steps was shortened: there is no step {at.step + 1} now"
        return Plan(Move.WAIT, reason, verdict=verdict, notify=True)
    if plan_changed(family):
        reason = "the waves or weights of spec.rollout were changed in the middle of a rollout: "
        reason += "undo the change, or revert"
        return Plan(Move.WAIT, reason, verdict=verdict, notify=True)
    patience = value_at(family.spec, ("rollout", "patience"))
    # Patience only notifies: waiting for too long is not a failure, and moves nothing.
    overdue = bool(patience) and now >= later(ends, parse_duration(patience))
    # Whatever the verdict: what is measured before that is not of this step. From when it was
    # decided on it could have baked, so patience ends as if it had been live at once.
    if live.since is None:
        reason = f"not live yet: {live.why}"
        return Plan(Move.WAIT, reason, verdict=verdict, notify=overdue, bakes=True)
    # Inconclusive and error wait for the bake, too: only a fail ends it early.
    if now < ends:
        reason = f"{bakes_from(live)}baking until {format_time(ends)}"
        return Plan(Move.WAIT, reason, verdict=verdict, bakes=True)
    if verdict is not Verdict.PASS:
        reason = reasons(evidence, verdict) or NO_EVIDENCE
        return Plan(Move.WAIT, bakes_from(live) + reason, verdict=verdict, notify=overdue)
    reason = f"baked since {format_time(live.since)}, and every gate passed"
    after = following(family.spec["rollout"], at)
    if after is not None:
        return _step(family, after, verdict, reason)
    settled = {c.name: forms.verified(c.variants) for c in family.clusters}
    return Plan(Move.VERIFY, reason, Position(Phase.STEADY), settled, verdict)


def _step(family: Family, to: Position, verdict: Verdict | None, reason: str) -> Plan:
    target = running_target(family)
    if target is None or to.wave is None or to.step is None:
        return Plan(Move.WAIT, "the record names no version to move to")
    weight = family.spec["rollout"]["steps"][to.step]["weight"]
    moving = {cluster.name for cluster in clusters_of_wave(family, to.wave)}
    after = {
        cluster.name: forms.stepped(cluster.variants, target.version, weight)
        if cluster.name in moving
        else cluster.variants
        for cluster in family.clusters
    }
    return Plan(Move.STEP, reason, to, after, verdict)


def reasons(evidence: Sequence[Evidence], verdict: Verdict) -> str:
    """The reasons of every gate with that verdict, each with its cluster."""
    return "; ".join(
        f"{item.gate['name']} in {item.cluster}: {item.reason}"
        for item in evidence
        if item.verdict is verdict
    )


def _reason_of_hold(family: Family) -> str:
    for record in reversed(family.records):
        if record.decision.action is Action.HOLD:
            return record.decision.reason
    return "the record gives no reason"
