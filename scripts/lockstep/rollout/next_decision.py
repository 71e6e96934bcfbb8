"""Builds the next record of a family's chain; every action passes through here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lockstep.model.clock import format_time, parse_time
from lockstep.model.decision import Action, Decision, Position, Target, Variants
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Family
from lockstep.rollout import position as rollout

_AT_ANY_TIME = (Action.SHIFT, Action.RESTORE, Action.ADOPT)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who decides, when and on what: the same for all decisions of one run.

    ``now`` is aware; ``actor`` is the git identity; ``base`` the commit that was read.
    """

    now: datetime
    actor: str
    base: str | None


def next_decision(
    family: Family,
    action: Action,
    to: Position,
    target: Target,
    variants: dict[str, Variants],
    reason: str,
    circumstances: Circumstances,
    **details: Any,
) -> Decision:
    """The decision that follows the family's newest record.

    ``details`` are the optional fields of Decision: verdict, evidence, verified_state and so on.
    Raises LockstepError for a time before that record: a bake would count from it. A way back
    and an adopted state need no bake, and whoever needs them cannot wait for a clock.
    """
    newest = family.records[-1] if family.records else None
    if newest and action not in _AT_ANY_TIME:
        _refuse_earlier(newest.decision, circumstances.now)
    return Decision(
        environment=family.environment,
        family=family.name,
        sequence=newest.decision.sequence + 1 if newest else 1,
        previous=newest.digest if newest else None,
        action=action,
        target=target,
        source=rollout.position(family),
        to=to,
        variants=variants,
        reason=reason,
        actor=circumstances.actor,
        decided_at=format_time(circumstances.now),
        base=circumstances.base,
        plan=family.spec["rollout"],
        **details,
    )


def _refuse_earlier(newest: Decision, now: datetime) -> None:
    if now < parse_time(newest.decided_at):
        raise LockstepError(
            f"it is {format_time(now)}, and the newest record was decided at {newest.decided_at}",
            where=newest.path,
            fix="set this machine's clock right, or give a later --now",
        )
