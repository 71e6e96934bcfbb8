"""Several decisions of a family that are on the followed branch already, checked as one range.

Rules about the size of a move compare a state with the one before. Over a range they would take
several steps for one that is too large. Where each decision follows from the one before it, they
compare with the state before the newest one.
"""

from collections.abc import Sequence
from dataclasses import replace

from lockstep.model.decision import Action, Decision, Record, Variants
from lockstep.model.document import value_at
from lockstep.model.fleet import Family
from lockstep.rollout.divergence import find_divergences, has_diverged, same_variants
from lockstep.rollout.position import order_of_plan, verified_versions
from lockstep.rollout.replay import replay
from lockstep.rollout.transitions import RULES


def variants_before_newest(
    family: Family, before: Family, new: Sequence[Record]
) -> dict[str, Variants] | None:
    """The variants of each cluster before the newest of the ``new`` records.

    None where there is only one, where the specs or the base's are not those of the records, or
    where a new record does not follow from those before it: then the whole range is one change.
    ``before`` is the family at the base.
    """
    known = family.records[: len(family.records) - len(new)]
    if len(new) < 2 or list(family.records[len(known) :]) != list(new):
        return None
    if known != before.records or has_diverged(family) or find_divergences(before):
        return None
    paths = {record.decision.path for record in new}
    if any(finding.file in paths for finding in replay(family)):
        return None
    plans = [order_of_plan(value_at(each.spec, ("rollout",))) for each in (family, before)]
    for number, record in enumerate(new, len(known)):
        earlier = family.records[:number]
        if not _is_as_decided(record.decision, family, earlier, plans):
            return None
    return {name: list(each) for name, each in new[-2].decision.variants.items()}


def _is_as_decided(
    decision: Decision, family: Family, earlier: Sequence[Record], plans: Sequence[object]
) -> bool:
    """What a replay of records alone cannot show: the regions of clusters, and the specs' plan."""
    if decision.action is Action.ADOPT or not earlier:
        return True  # a state of its own, which was listed for approval
    was = earlier[-1].decision.variants
    if decision.action is Action.ADVANCE:
        regions = value_at(decision.plan, ("waves",), [])[decision.to.wave or 0]
        moving = {cluster.name for cluster in family.clusters if cluster.region in regions}
        moved = {n for n, each in decision.variants.items() if not same_variants(each, was[n])}
        return order_of_plan(decision.plan) in plans and moved <= moving
    if RULES[decision.action].from_specs:
        verified = verified_versions(replace(family, records=tuple(earlier)))
        after = decision.variants.items()
        return all(_gained(was.get(name, []), each) <= verified for name, each in after)
    return True


def _gained(was: Variants, now: Variants) -> set[str]:
    """The versions that have more weight than before, in roles or as arms."""
    versions = {str(variant["version"]) for variant in now}
    return {v for v in versions if _weight(now, v) > _weight(was, v)}


def _weight(variants: Variants, version: str) -> int:
    return sum(each["weight"] for each in variants if each["version"] == version)
