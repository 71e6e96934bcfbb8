"""Builds the next record of a family's chain; every action passes through here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lockstep import __version__
from lockstep.model.decision import Action, Decision, Position, Target, Variants
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Evidence
from lockstep.model.fleet import Family
from lockstep.model.times import format_time, parse_time
from lockstep.rollout.chain import chain_end
from lockstep.rollout.comparisons import COMPARISONS, comparisons_of_proposal
from lockstep.rollout.gate_questions import propose_gates
from lockstep.rollout.liveness import LIVE_GATES, live_gates, liveness
from lockstep.rollout.position import latest_decision, position_of
from lockstep.rollout.promotion_gates import PROMOTE_GATES
from lockstep.rollout.transitions import RULES
from lockstep.spec.ledger import unsettled
from lockstep.text.sanitise import cut, record_line

_LONGEST_REASON = 4000
"""Of a record's text, which its schema bounds: a family of many clusters fails in many ways."""


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """Who decides, when and on what: the same for all decisions of one run.

    ``now`` is aware; ``actor`` is the git identity; ``base`` the commit that was read;
    ``time_given`` says that ``now`` was given by the caller, and is not the machine's clock.
    ``pinned`` is the version that the fleet is pinned to, where this program is another one.
    """

    now: datetime
    actor: str
    base: str | None
    time_given: bool = False
    pinned: str = ""

    @property
    def other_program(self) -> tuple[str, ...]:
        """That this program is not the one of the fleet, in words; empty where it is."""
        if not self.pinned:
            return ()
        text = f"program: this is Lockstep {__version__}, and the fleet is pinned to {self.pinned}"
        return (record_line(text),)


def next_decision(
    family: Family,
    action: Action,
    to: Position,
    target: Target,
    variants: dict[str, Variants],
    reason: str,
    context: DecisionContext,
    **details: Any,
) -> Decision:
    """The decision that follows the family's newest record; it names the broken ones.

    ``details`` are the optional fields of Decision: verdict, evidence, verified_state and so on;
    of a promotion also ``promote_gates``, what was asked where the version comes from.
    Raises LockstepError for what the table of transitions does not allow, and for a time before
    that of any record where the action has to come after them: a bake would count from it.
    """
    source = position_of(family)
    if RULES[action].find(source.phase, to.phase) is None:
        _refuse_transition(family, action, source, to)
    latest = latest_decision(family.records)
    if latest and not RULES[action].any_time:
        _refuse_earlier(latest, context.now)
    sequence, previous = chain_end(family)
    unchecked = (*details.pop("unchecked", ()), *context.other_program)
    promote_gates = details.pop("promote_gates", None)
    return Decision(
        environment=family.environment,
        family=family.name,
        sequence=sequence,
        previous=previous,
        action=action,
        target=target,
        source=source,
        to=to,
        variants=variants,
        reason=cut(reason, _LONGEST_REASON),
        actor=context.actor,
        decided_at=format_time(context.now),
        program_version=__version__,
        time_given=context.time_given,
        base=context.base,
        plan=_plan_in_force(family, action, promote_gates),
        live_since=_live_since(family, source, details.get("evidence", ())),
        unchecked=unchecked,
        broken_records={file.path: file.digest for file in unsettled(family)},
        **details,
    )


def _plan_in_force(family: Family, action: Action, promote_gates: Json) -> Json:
    """What a replay needs of the family's spec: it must not depend on what the spec says later."""
    plan: Json = dict(family.spec["rollout"])
    if required := propose_gates(family):
        plan["proposeGates"] = required
    if promote_gates:
        plan[PROMOTE_GATES] = promote_gates
    if live := live_gates(family):
        plan[LIVE_GATES] = live
    if action is Action.PROPOSE and (comparisons := comparisons_of_proposal(family)):
        plan[COMPARISONS] = comparisons
    return plan


def _live_since(family: Family, source: Position, evidence: Sequence[Evidence]) -> str | None:
    """Since when the step was live that the decision leaves, or looks back on; or the shift.

    None where it was not live, or its gates were not asked: a hold by a person asks nothing.
    """
    live = liveness(family, evidence)
    if live.since is None or (source.step is None and not live.asked):
        return None
    return format_time(live.since)


def _refuse_transition(family: Family, action: Action, source: Position, to: Position) -> None:
    raise LockstepError(
        f"{action} cannot lead from {source} to {to}",
        where=f"{family.environment}/{family.name}",
        fix="run lockstep status: it shows the position that the decision must start from",
    )


def _refuse_earlier(latest: Decision, now: datetime) -> None:
    if now < parse_time(latest.decided_at):
        raise LockstepError(
            f"it is {format_time(now)}, and record {latest.sequence} was decided at "
            f"{latest.decided_at}",
            where=latest.path,
            fix="correct this machine's clock, or give a later --now",
        )
