"""Skew: how many versions of one family serve at once, and for how long already."""

from collections.abc import Mapping
from datetime import datetime

from lockstep.model.decision import Variants
from lockstep.model.fleet import Family
from lockstep.model.times import later, parse_duration, parse_time
from lockstep.spec import variants as forms


def versions_with_weight(variants: Mapping[str, Variants]) -> int:
    """How many distinct versions serve in a family, experiments left out."""
    return len({v for each in variants.values() for v in forms.serving_versions(each)})


def skew_since(family: Family) -> datetime | None:
    """Since when more than one version serves, by the records; None where one does."""
    since = None
    for record in reversed(family.records):
        # Back to the last record with one version: steps in between do not start the time anew.
        if versions_with_weight(record.decision.variants) < 2:
            break
        since = parse_time(record.decision.decided_at)
    return since


def skew_ends(family: Family) -> datetime | None:
    """When the skew will have lasted as long as ``consistency.maxSkewDuration`` allows.

    None without a skew, or without that bound.
    """
    since = skew_since(family)
    bound = family.spec.get("consistency", {}).get("maxSkewDuration")
    return later(since, parse_duration(bound)) if since and bound else None


def skew_breached(family: Family, now: datetime) -> bool:
    """Whether the skew has lasted longer than ``consistency.maxSkewDuration``."""
    ends = skew_ends(family)
    return ends is not None and now > ends
