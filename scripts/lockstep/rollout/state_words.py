"""The state of a rollout in words, for reviews and for what a verb says that has nothing to do."""

from datetime import datetime

from lockstep.model.decision import Decision, Phase
from lockstep.model.fleet import Family
from lockstep.model.times import format_time
from lockstep.rollout.divergence import has_diverged
from lockstep.rollout.liveness import awaited
from lockstep.rollout.position import (
    bake_ends,
    position_of,
    running_target,
    step_began,
)
from lockstep.text.sanitise import one_line


def who_and_when(decision: Decision) -> str:
    """``2026-03-01T08:00:00Z by A <a@example.com> (record 7: too slow)``."""
    who, why = one_line(decision.actor, 200), one_line(decision.reason, 200)
    return f"{decision.decided_at} by {who} (record {decision.sequence}: {why})"


def describe_state(family: Family, now: datetime) -> str:
    """The phase of a family in words: how far, how long it bakes, whether it has diverged."""
    at = position_of(family)
    # First: once the specs have diverged, step and bake say nothing about what serves.
    if has_diverged(family):
        return f"diverged ({at})"
    target = running_target(family)
    if target is None:
        return "no record: adopt it" if at.phase is Phase.NEW else at.phase.value
    if at.phase is not Phase.ROLLING or at.wave is None or at.step is None:
        waits = (
            ", restored once that is live" if at.phase is Phase.SHIFTED and awaited(family) else ""
        )
        return f"version {target.version} {at}{waits}"
    plan = family.spec["rollout"]
    where = (
        f"version {target.version}: wave {at.wave + 1}/{len(plan['waves'])} "
        f"step {at.step + 1}/{len(plan['steps'])}"
    )
    return f"{where}, {_bake(family, at.step, now)}"


def _bake(family: Family, step: int, now: datetime) -> str:
    began = step_began(family)
    ends = bake_ends(family, began, step) if began else None
    if ends is None:
        return "not started" if began is None else "which is no longer in the plan"
    if awaited(family):  # only the gates know when that was, and nothing is asked here
        return f"bakes for {family.spec['rollout']['steps'][step]['bake']} once it is live"
    return f"baking until {format_time(ends)}" if now < ends else "baked, waiting for its gates"
