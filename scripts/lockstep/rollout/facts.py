"""What policy rules may know of a rollout."""

from datetime import datetime

from lockstep.model.decision import Action
from lockstep.model.document import Json
from lockstep.model.fleet import Family
from lockstep.model.times import parse_time
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.position import newest_decision, position_of, verified_versions
from lockstep.rollout.skew import skew_breached
from lockstep.text.phrases import list_variants


def rollout_facts(family: Family, now: datetime) -> Json:
    """The position, the verified versions, and whether the specs agree with the record."""
    decision = newest_decision(family)
    adopted = decision is not None and decision.action is Action.ADOPT
    differences = find_divergences(family)
    return {
        **position_of(family).to_json(),
        "verified": sorted(verified_versions(family)),
        # An adoption exempts only the state that it recorded, not what was edited after it.
        "adopted": adopted and not differences,
        # Of the specs only: broken records have findings of their own.
        "diverged": bool(differences),
        "divergences": [
            {
                "cluster": each.cluster,
                "found": list_variants(each.found),
                "recorded": list_variants(each.recorded),
            }
            for each in differences
        ],
        "skewBreached": skew_breached(family, now),
    }


def moved_at(family: Family, now: datetime) -> datetime:
    """Since when the family is as it is: the time of its newest decision.

    ``now`` where it has none, or where its specs were changed since.
    """
    decision = newest_decision(family)
    if decision is None or find_divergences(family):
        return now
    return parse_time(decision.decided_at)
