"""Families with a ledger: each decision follows the one before it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from lockstep.model.decision import (
    Action,
    Phase,
    Position,
    Restored,
    Target,
    Variants,
    VerifiedState,
)
from lockstep.model.fleet import Family
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.position import current_variants
from lockstep.rollout.rollback import plan_rollback
from lockstep.spec import variants as forms
from tests.unit.fleets import digest_of, family, recorded

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
STEADY, PROPOSED = Position(Phase.STEADY), Position(Phase.PROPOSED)
SOMEBODY = "a runner <runner@example.com>"
VERIFIED = VerifiedState(None, {}, {})


def target_of(version: str) -> Target:
    return Target(version, digest_of(version))


def decide(
    before: Family,
    action: Action,
    to: Position,
    version: str,
    variants: dict[str, Variants] | None = None,
    now: datetime = START,
    **details: Any,
) -> Family:
    """The family after one more decision; the variants stay where none are given.

    It is made whether or not the table of transitions allows it, as a forged record would be.
    """
    decision = next_decision(
        before, Action.ADOPT, STEADY, target_of(version),
        current_variants(before) if variants is None else variants,
        "because", DecisionContext(now, SOMEBODY, "c" * 40), **details,
    )  # fmt: skip
    return recorded(before, structs.replace(decision, action=action, to=to))


def adopted(before: Family, version: str = "1", now: datetime = START) -> Family:
    """A family whose present form is the state that a revert returns to."""
    return decide(before, Action.ADOPT, STEADY, version, now=now, verified_state=VERIFIED)


def proposed(before: Family, version: str, now: datetime = START) -> Family:
    """With a candidate without traffic in every cluster."""
    after = {c.name: forms.proposed(c.variants, version) for c in before.clusters}
    return decide(before, Action.PROPOSE, PROPOSED, version, after, now)


def stepped(before: Family, version: str, weights: dict[str, int], now: datetime = START) -> Family:
    """With these weights in these regions, at the first step of the first wave."""
    after = {
        c.name: forms.stepped(c.variants, version, weights[c.region])
        if c.region in weights
        else c.variants
        for c in before.clusters
    }
    return decide(before, Action.ADVANCE, Position(Phase.ROLLING, 0, 0), version, after, now)


def verified(before: Family, version: str, now: datetime = START) -> Family:
    """A verified state in which ``version`` serves alone."""
    whole = {c.name: forms.stepped(c.variants, version, 100) for c in before.clusters}
    settled = {name: forms.verified(each) for name, each in whole.items()}
    return decide(before, Action.VERIFY, STEADY, version, settled, now, verified_state=VERIFIED)


def in_phase(phase: Phase, now: datetime = START) -> Family:
    """A family that Lockstep's own decisions have led to a phase, all of them made at ``now``."""
    made = family()
    if phase is Phase.NEW:
        return made
    made = adopted(made, now=now)
    if phase is Phase.STEADY:
        return made
    made = proposed(made, "2", now)
    if phase is Phase.PROPOSED:
        return made
    made = stepped(made, "2", {"a": 10}, now)
    if phase is Phase.HELD:
        return decide(made, Action.HOLD, Position(Phase.HELD, 0, 0), "2", now=now)
    if phase is Phase.SHIFTED:
        shifted = {c.name: forms.shifted(c.variants, "2") for c in made.clusters}
        return decide(made, Action.SHIFT, Position(Phase.SHIFTED), "2", shifted, now)
    return made


def skewed() -> Family:
    """Two versions serve, since one hour after START."""
    hour = timedelta(hours=1)
    made = stepped(proposed(adopted(family()), "2", START), "2", {"a": 10}, START + hour)
    return stepped(made, "2", {"a": 50}, START + 5 * hour)


def with_variants(made: Family, *variants: dict[str, Any]) -> Family:
    """The same records, with specs that people edited: these variants in every cluster."""
    spec = {"variants": [dict(each) for each in variants]}
    clusters = (
        replace(c, effective={**c.effective, "spec": {**c.effective["spec"], **spec}})
        for c in made.clusters
    )
    return replace(made, clusters=tuple(clusters))


def rolled_back(
    made: Family, bad: str, now: datetime = START, *, quarantines: bool = True
) -> Family:
    """After both halves of the rollback from a version, as ``revert`` records them."""
    plan = plan_rollback(made, bad)
    assert plan is not None
    if plan.shifts:
        shifted = Position(Phase.SHIFTED)
        made = decide(made, Action.SHIFT, shifted, bad, plan.shift, now, quarantines=quarantines)
    return decide(
        made, Action.RESTORE, STEADY, bad, plan.restore, now,
        quarantines=quarantines and not plan.shifts, restored=Restored(plan.to.sequence, True),
    )  # fmt: skip
