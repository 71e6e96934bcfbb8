"""The position of a family by its newest record, and by its plan what comes after it.

State is the newest record, the specs, the evidence and the time; nothing else is kept anywhere.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from math import inf

from lockstep.model.decision import Action, Decision, Phase, Position, Record, Target, Variants
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Family
from lockstep.model.times import later, parse_duration, parse_time
from lockstep.rollout.transitions import RULES
from lockstep.spec import variants as forms


def newest_decision(family: Family) -> Decision | None:
    """The newest decision of a family, or None for one that has no ledger."""
    return family.records[-1].decision if family.records else None


def latest_decision(records: Sequence[Record]) -> Decision | None:
    """The decision with the latest time; None where there are no records.

    Not always the newest: some actions may be of any time, and turn no clock back for others.
    """
    decisions = (record.decision for record in records)
    return max(decisions, key=lambda each: (each.decided_at, each.sequence), default=None)


def position_of(family: Family) -> Position:
    """The position after the newest record."""
    decision = newest_decision(family)
    return decision.to if decision else Position(Phase.NEW)


def current_variants(family: Family) -> dict[str, Variants]:
    """The variants in the specs, by cluster name."""
    return {cluster.name: cluster.variants for cluster in family.clusters}


def running_target(family: Family) -> Target | None:
    """The version that the running rollout is about, or None outside of one.

    A release or a retired arm in the middle of it is about another version, and changes nothing.
    """
    if position_of(family).phase in (Phase.NEW, Phase.STEADY):
        return None
    decisions = (record.decision for record in reversed(family.records))
    others = (Action.RELEASE, Action.RETIRE)
    return next((d.target for d in decisions if d.action not in others), None)


def verified_decision(family: Family, *, barred: Collection[str] = ()) -> Decision | None:
    """The newest decision with a verified state to return to that has no barred version in a role.

    Experiment arms do not count: a rollback retires those of a barred version.
    """
    return next(
        (d for d in verified_decisions(family) if not (in_roles(d) & set(barred))),
        None,
    )


def verified_decisions(family: Family) -> Iterator[Decision]:
    """The decisions with a verified state to return to, newest first.

    Not those that a restore has left behind: a version that was rolled back and then released
    from quarantine comes back by a proposal, never by the rollback of another version.
    """
    newest: float = inf
    for record in reversed(family.records):
        decision = record.decision
        if decision.sequence > newest:
            continue
        if decision.action is Action.RESTORE and decision.restored:
            newest = decision.restored.sequence
        elif is_verified_state(decision):
            yield decision


def step_began(family: Family) -> datetime | None:
    """When the running step was decided (aware, UTC): the bake counts from here."""
    for record in reversed(family.records):
        # A resume counts as well: time under a hold is no bake, so the step bakes anew.
        if RULES[record.decision.action].starts_bake:
            return parse_time(record.decision.decided_at)
    return None


def bake_ends(family: Family, began: datetime, step: int) -> datetime | None:
    """When a step has baked; None where people have taken it out of the plan since it began."""
    steps = family.spec["rollout"]["steps"]
    return later(began, parse_duration(steps[step]["bake"])) if step < len(steps) else None


def plan_changed(family: Family) -> bool:
    """Whether people have changed waves or weights since the running step was decided.

    A position is an index into them: with others, the next step could leave out a cluster or move
    one twice. Bakes may change, they are only longer or shorter.
    """
    for record in reversed(family.records):
        if record.decision.action is Action.ADVANCE:
            now: Json = family.spec["rollout"]
            return order_of_plan(record.decision.plan) != order_of_plan(now)
    return False


def order_of_plan(plan: Json) -> tuple[Json, list[Json]]:
    """The waves and the weights of a plan, in which a position is an index."""
    # The plan of a forged record may have any form.
    steps = value_at(plan, ("steps",))
    weights = [value_at(step, ("weight",)) for step in steps] if isinstance(steps, list) else []
    return value_at(plan, ("waves",)), weights


def clusters_of_wave(family: Family, wave: int) -> tuple[Cluster, ...]:
    """The clusters that move together in that wave, by their regions."""
    regions = family.spec["rollout"]["waves"][wave]
    return tuple(cluster for cluster in family.clusters if cluster.region in regions)


def following(plan: Json, at: Position) -> Position | None:
    """The position after ``at`` by a plan; None after the last step of the last wave.

    ``plan`` may be that of a forged record: one without waves and steps ends at once.
    """
    if at.wave is None or at.step is None:
        return Position(Phase.ROLLING, 0, 0)
    if at.step + 1 < len(value_at(plan, ("steps",), [])):
        return Position(Phase.ROLLING, at.wave, at.step + 1)
    if at.wave + 1 < len(value_at(plan, ("waves",), [])):
        return Position(Phase.ROLLING, at.wave + 1, 0)
    return None


def verified_versions(family: Family) -> set[str]:
    """The versions of all states that the family can return to."""
    return {
        version
        for record in family.records
        if is_verified_state(record.decision)
        for version in _versions(record.decision)
    }


def is_verified_state(decision: Decision) -> bool:
    """Whether a rollback may return to the state after it, and not only whether it says so."""
    return bool(decision.verified_state) and RULES[decision.action].makes_verified_state


def in_roles(decision: Decision) -> set[str]:
    """The versions that a decision gave a role in any cluster; experiment arms have none."""
    # Those without weight, too: no role of a state to return to may have a barred version.
    return {v for each in decision.variants.values() for v in forms.role_versions(each)}


def _versions(decision: Decision) -> set[str]:
    return {variant["version"] for each in decision.variants.values() for variant in each}
