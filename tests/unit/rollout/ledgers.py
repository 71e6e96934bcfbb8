"""Families with a ledger, for tests of stages: each decision follows the one before it."""

from datetime import UTC, datetime
from typing import Any

from lockstep.model.decision import Action, Phase, Position, Target, Variants, VerifiedState
from lockstep.model.fleet import Family
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import Circumstances, next_decision
from lockstep.spec import variants as forms
from tests.unit.fleets import digest_of, recorded

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
    """The family after one more decision; the variants stay where none are given."""
    decision = next_decision(
        before, action, to, target_of(version),
        rollout.current_variants(before) if variants is None else variants,
        "because", Circumstances(now, SOMEBODY, "c" * 40), **details,
    )  # fmt: skip
    return recorded(before, decision)


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
