"""Puts the records of a family on a line of time: which decision held when, and what served.

Everything follows from the records, so anyone gets the same answer offline, years later.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf

from lockstep.model.decision import Decision, Record, Variant
from lockstep.model.fleet import Family
from lockstep.model.timeline import (
    DecisionPeriod,
    Doubt,
    ServedAt,
    ServedCluster,
    ServingSpan,
    Timeline,
)
from lockstep.model.times import parse_time
from lockstep.rollout.trust import why_ahead


def timeline_of(
    family: Family, now: datetime, regions: Mapping[str, str] | None = None
) -> Timeline:
    """The periods of a family's records, by the family as ``chain.judged`` gives it.

    A record that is dated after ``now`` has no period, as it has no time that can be relied on.
    ``regions`` are those of clusters that the family no longer declares, by their names.
    """
    placed = {**(regions or {}), **{each.name: each.region for each in family.clusters}}
    counted = [each for each in family.records if not why_ahead(each.decision, now)]
    times = _effective_times(counted)
    followers: list[Record | None] = [*counted[1:], None]
    ends: list[datetime | None] = [*times[1:], None]
    periods: list[DecisionPeriod] = []
    # Not strict: without any record the last two have one item, which belongs to none.
    for record, since, after, until in zip(counted, times, followers, ends, strict=False):
        before = periods[-1].clusters if periods and _follows(record, periods[-1]) else ()
        served = _served(record.decision, since, placed, before)
        live = _left_since(record, after)
        periods.append(DecisionPeriod(record.decision, since, until, live, served))
    doubts = tuple(_doubts(family, now))
    return Timeline(family.environment, family.name, tuple(periods), doubts)


def served_at(timeline: Timeline, at: datetime) -> ServedAt:
    """What the family served at a time, and what makes that doubtful."""
    index = bisect_right(timeline.periods, at, key=lambda each: each.since)
    period = timeline.periods[index - 1] if index else None
    after = period.decision.sequence if period else 0
    later = timeline.periods[index:]
    before: float = later[0].decision.sequence if later else inf
    doubts = tuple(each for each in timeline.doubts if after < each.sequence < before)
    decisions = _led_to(timeline.periods[:index], period) if period else ()
    return ServedAt(timeline.environment, timeline.family, period, decisions, doubts)


def spans_of(timeline: Timeline) -> tuple[ServingSpan, ...]:
    """For each cluster the stretches with the same weights, oldest first; clusters by name.

    Periods that changed nothing there, or lasted less than a second, are in no span of their own.
    """
    names = {each.cluster for period in timeline.periods for each in period.clusters}
    return tuple(span for name in sorted(names) for span in _spans(timeline.periods, name))


def weighted(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """The variants that get traffic."""
    return tuple(each for each in variants if each["weight"] > 0)


def _led_to(periods: Sequence[DecisionPeriod], period: DecisionPeriod) -> tuple[Decision, ...]:
    """The decision of a period, and those before it that gave its clusters their weights."""
    numbers = {period.decision.sequence, *(each.record for each in period.clusters)}
    return tuple(p.decision for p in reversed(periods) if p.decision.sequence in numbers)


def _effective_times(records: Sequence[Record]) -> list[datetime]:
    """Since when each record holds: never before the one that it follows.

    A rollback may be dated before the newest record, because a wrong clock delays none.
    """
    times: list[datetime] = []
    for record in records:
        decided = parse_time(record.decision.decided_at)
        times.append(max(decided, times[-1]) if times else decided)
    return times


def _left_since(record: Record, after: Record | None) -> datetime | None:
    """Since when the step of a record was live, as the record that leaves it says."""
    # Across a record that is not relied on, it may be about other weights.
    if after is None or after.decision.sequence != record.decision.sequence + 1:
        return None
    return parse_time(after.decision.live_since) if after.decision.live_since else None


def _follows(record: Record, period: DecisionPeriod) -> bool:
    """Whether a record is the next one; one that is left out between may have changed weights."""
    return record.decision.sequence == period.decision.sequence + 1


def _served(
    decision: Decision,
    since: datetime,
    regions: Mapping[str, str],
    before: tuple[ServedCluster, ...],
) -> tuple[ServedCluster, ...]:
    """What each cluster serves after a decision; ``before`` is what it served before it."""
    was = {each.cluster: each for each in before}
    served = []
    for name, variants in sorted(decision.variants.items()):
        old, number = was.get(name), decision.sequence
        if old and weighted(old.variants) == weighted(variants):
            since_when, number = old.since, old.record
        else:
            since_when = since
        region = regions.get(name, "")
        served.append(ServedCluster(name, region, tuple(variants), since_when, number))
    return tuple(served)


def _doubts(family: Family, now: datetime) -> Iterator[Doubt]:
    for file in family.broken:
        yield Doubt(file.path, file.sequence, file.problem, file.settled)
    for decision in (record.decision for record in family.records):
        if ahead := why_ahead(decision, now):
            yield Doubt(decision.path, decision.sequence, ahead, settled=False)


def _spans(periods: Sequence[DecisionPeriod], cluster: str) -> Iterator[ServingSpan]:
    """The spans of one cluster; where it was removed for a while, nothing spans that time."""
    running: ServingSpan | None = None
    for period in periods:
        found = next((each for each in period.clusters if each.cluster == cluster), None)
        if period.since == period.until:
            continue
        if running and found and running.first == found.record:
            running = replace(running, until=period.until)
            continue
        if running:
            yield running
        running = None
        if found:
            variants = weighted(found.variants)
            running = ServingSpan(
                cluster, found.region, period.since, period.until, variants, found.record
            )
    if running:
        yield running
