"""What served when, by the records alone: what going through them one by one gives."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as evolve

from lockstep.model.decision import Decision, Record
from lockstep.model.fleet import Family
from lockstep.model.ledger import LedgerFile
from lockstep.model.record import read_record, record_of
from lockstep.model.timeline import ServedAt, ServingSpan
from lockstep.model.times import format_time, parse_time
from lockstep.rollout.timeline import served_at, spans_of, timeline_of
from tests.unit.fleets import family
from tests.unit.model.records import FULL
from tests.unit.rollout.ledgers import START, adopted, proposed, rolled_back, skewed, stepped

FROZEN = Path(__file__).resolve().parents[2] / "data" / "ledger-frozen"
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
LATER = START + 1000 * HOUR
DAY = "2026-03-01T"


def frozen(story: str) -> Family:
    records = tuple(read_record(f.read_bytes()) for f in sorted((FROZEN / story).glob("*.json")))
    return replace(family(), name="scoring", records=records, clusters=())


def at(made: Family, moment: datetime, now: datetime = LATER) -> ServedAt:
    return served_at(timeline_of(made, now), moment)


def weights(served: ServedAt) -> dict[str, dict[str, int]]:
    """By cluster, the weight of each version that has any."""
    assert served.period
    return {
        each.cluster: {v["version"]: v["weight"] for v in each.variants if v["weight"]}
        for each in served.period.clusters
    }


@pytest.mark.parametrize(
    ("time", "us", "eu", "number"),
    [
        ("08:00:00Z", {"1": 90, "2": 10}, {"1": 100}, 3),
        ("09:59:59Z", {"1": 90, "2": 10}, {"1": 100}, 5),
        ("10:00:00Z", {"2": 100}, {"1": 100}, 6),
        ("12:00:00Z", {"2": 100}, {"1": 90, "2": 10}, 7),
        ("23:00:00Z", {"2": 100}, {"2": 100}, 9),
    ],
)
def test_a_frozen_rollout_served_what_its_records_say(
    time: str, us: dict[str, int], eu: dict[str, int], number: int
) -> None:
    served = at(frozen("whole"), parse_time(DAY + time))
    assert weights(served) == {"scoring-us-east-1": us, "scoring-eu-west-1": eu}
    assert served.period and served.period.decision.sequence == number
    assert not served.doubts


def test_each_cluster_says_which_record_gave_it_its_weights() -> None:
    served = at(frozen("whole"), parse_time(f"{DAY}11:00:00Z"))
    assert served.period
    assert [(c.cluster, format_time(c.since)[11:16], c.record) for c in served.period.clusters] == [
        ("scoring-eu-west-1", "08:00", 1), ("scoring-us-east-1", "10:00", 6),
    ]  # fmt: skip
    assert [decision.sequence for decision in served.decisions] == [6, 1]


def test_before_the_first_record_nothing_is_known() -> None:
    assert at(frozen("whole"), parse_time(f"{DAY}07:59:59Z")).period is None
    assert at(family(), START).period is None


def test_a_period_says_when_its_weights_were_live() -> None:
    served = at(frozen("live"), parse_time(f"{DAY}08:30:00Z"))
    assert served.period and served.period.live_since == parse_time(f"{DAY}08:40:00Z")
    newest = at(frozen("live"), parse_time(f"{DAY}20:00:00Z"))
    assert newest.period and newest.period.live_since is None and newest.period.until is None


def test_regions_come_from_the_specs_and_else_from_the_caller() -> None:
    made = adopted(family())
    gone = replace(made, clusters=made.clusters[1:])
    (period,) = timeline_of(gone, LATER).periods
    assert [each.region for each in period.clusters] == ["", "b", "c"]
    (period,) = timeline_of(gone, LATER, {"fraud-a": "a", "fraud-b": "elsewhere"}).periods
    assert [each.region for each in period.clusters] == ["a", "b", "c"]


def test_a_rollback_with_a_late_clock_counts_from_the_record_before_it() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10}, START + 5 * HOUR)
    back = rolled_back(made, "2", START + HOUR)
    assert weights(at(back, START + 5 * HOUR - SECOND))["fraud-a"] == {"1": 100}
    assert weights(at(back, START + 5 * HOUR))["fraud-a"] == {"1": 100}
    served = at(back, START + 2 * HOUR)
    assert served.period and served.period.decision.action == "propose"
    assert [each.since for each in timeline_of(back, LATER).periods[-2:]] == [START + 5 * HOUR] * 2


def test_a_record_of_the_future_makes_doubtful_what_served_after_the_one_before_it() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10}, LATER + HOUR)
    served = at(made, START + HOUR)
    assert weights(served)["fraud-a"] == {"1": 100}
    (doubt,) = served.doubts
    assert doubt.sequence == 3 and "in the future" in doubt.problem and not doubt.settled
    # Once its time has come, it is a record like any other.
    assert not at(made, START + HOUR, now=LATER + 2 * HOUR).doubts


def test_a_broken_record_is_doubtful_until_the_next_one_that_counts() -> None:
    made = skewed()
    first, second, third, fourth = made.records
    lost = LedgerFile(third.decision.path, 3, third.digest, third, "a commit has changed it", True)
    broken = replace(made, records=(first, second, fourth), broken=(lost,))
    served = at(broken, START + 2 * HOUR)
    assert served.period and served.period.decision.sequence == 2
    assert [(each.path, each.settled) for each in served.doubts] == [(lost.path, True)]
    assert not at(broken, START + 6 * HOUR).doubts
    # Nor is it known that the weights stayed across it.
    (whole, *_), (around, *_) = (
        [c for c in p.clusters if c.cluster == "fraud-b"]
        for p in (timeline_of(made, LATER).periods[-1], timeline_of(broken, LATER).periods[-1])
    )
    assert (whole.record, around.record) == (1, 4)
    only = replace(made, records=(), broken=(lost,))
    assert at(only, START).period is None and len(at(only, START).doubts) == 1


def test_spans_join_what_did_not_change_in_a_cluster() -> None:
    def of(cluster: str) -> list[tuple[str, str | None, dict[str, int], int]]:
        spans: list[ServingSpan] = [
            each
            for each in spans_of(timeline_of(frozen("whole"), LATER))
            if each.cluster == cluster
        ]
        return [
            (format_time(each.since)[11:16], format_time(each.until)[11:16] if each.until else None,
             {v["version"]: v["weight"] for v in each.variants}, each.first)
            for each in spans
        ]  # fmt: skip

    # Adopted, proposed and moved in one second: only the state after all served for any time.
    assert of("scoring-us-east-1") == [
        ("08:00", "10:00", {"1": 90, "2": 10}, 3),
        ("10:00", None, {"2": 100}, 6),
    ]
    assert of("scoring-eu-west-1") == [
        ("08:00", "12:00", {"1": 100}, 1),
        ("12:00", "13:00", {"1": 90, "2": 10}, 7),
        ("13:00", None, {"2": 100}, 8),
    ]


def test_a_cluster_that_was_removed_and_came_back_has_two_spans() -> None:
    made = adopted(family())
    (one,) = made.records
    without = _after(one.decision, 2, {"fraud-b": one.decision.variants["fraud-b"]}, HOUR)
    again = _after(one.decision, 3, dict(one.decision.variants), 2 * HOUR)
    spans = spans_of(timeline_of(replace(made, records=(one, without, again)), LATER))
    assert [(s.cluster, s.since - START, s.until and s.until - START) for s in spans] == [
        ("fraud-a", 0 * HOUR, HOUR),
        ("fraud-a", 2 * HOUR, None),
        ("fraud-b", 0 * HOUR, None),
        ("fraud-c", 0 * HOUR, HOUR),
        ("fraud-c", 2 * HOUR, None),
    ]


def _after(decision: Decision, number: int, variants: object, since: timedelta) -> Record:
    time = format_time(START + since)
    return record_of(evolve(decision, sequence=number, variants=variants, decided_at=time))


VARIANTS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["stable", "candidate", "b"]),
            "version": st.sampled_from("123"),
            "weight": st.sampled_from([0, 10, 90, 100]),
        }
    ),
    max_size=3,
)
HISTORIES = st.lists(
    st.tuples(
        # Behind the record before it, too: a rollback may have a late clock.
        st.integers(-90, 240),
        st.dictionaries(st.sampled_from(["fraud-a", "fraud-b", "gone"]), VARIANTS, max_size=3),
    ),
    max_size=12,
)


def history(steps: list[tuple[int, dict[str, object]]]) -> Family:
    """A family whose records are these: minutes after the one before, and the variants then."""
    records, time = [], START
    for number, (minutes, variants) in enumerate(steps, 1):
        time += minutes * MINUTE
        decision = evolve(FULL, sequence=number, decided_at=format_time(time), variants=variants,
                          live_since=None, broken_records={})  # fmt: skip
        records.append(record_of(decision))
    return replace(family(), records=tuple(records))


def step_by_step(made: Family, moment: datetime) -> Record | None:
    """The record in force, by going through the records one after the other."""
    held, clock = None, None
    for record in made.records:
        decided = parse_time(record.decision.decided_at)
        clock = decided if clock is None or decided > clock else clock
        if clock <= moment:
            held = record
    return held


@settings(max_examples=200)
@given(HISTORIES, st.integers(-400, 3000))
def test_any_moment_of_any_history_is_as_replaying_it_step_by_step(
    steps: list[tuple[int, dict[str, object]]], minutes: int
) -> None:
    made, moment = history(steps), START + minutes * MINUTE
    served, expected = at(made, moment), step_by_step(made, moment)
    assert (served.period is None) == (expected is None)
    if served.period and expected:
        assert served.period.decision == expected.decision
        shown = {each.cluster: list(each.variants) for each in served.period.clusters}
        assert shown == expected.decision.variants
        assert served.period.since <= moment
        assert served.period.until is None or moment < served.period.until
        newest, *_ = served.decisions
        assert newest == served.period.decision
        for each in served.period.clusters:
            given = weights_given(made, each.cluster, newest.sequence)
            assert (each.record, each.since <= moment) == (given, True)
            assert given in {decision.sequence for decision in served.decisions}


def weights_given(made: Family, cluster: str, number: int) -> int:
    """The record that gave a cluster the weights of a record, by going back one by one."""

    def of(index: int) -> object:
        variants = made.records[index].decision.variants.get(cluster)
        return variants if variants is None else [v for v in variants if v["weight"]]

    index = number - 1
    while index and of(index - 1) == of(index):
        index -= 1
    return index + 1


@settings(max_examples=200)
@given(HISTORIES)
def test_at_the_time_of_each_record_the_state_after_it_serves(
    steps: list[tuple[int, dict[str, object]]],
) -> None:
    made = history(steps)
    timeline = timeline_of(made, LATER)
    assert [period.decision for period in timeline.periods] == [r.decision for r in made.records]
    for period in timeline.periods:
        served = served_at(timeline, period.since).period
        # The last one of those that hold from the same second on.
        last = [each for each in timeline.periods if each.since == period.since][-1]
        assert served == last
        if not any(each.since == period.since for each in timeline.periods if each is not last):
            assert served == period


@settings(max_examples=200)
@given(HISTORIES, st.integers(-400, 3000))
def test_spans_and_periods_agree_at_any_moment(
    steps: list[tuple[int, dict[str, object]]], minutes: int
) -> None:
    made, moment = history(steps), START + minutes * MINUTE
    timeline = timeline_of(made, LATER)
    there = {
        each.cluster: each.variants
        for each in spans_of(timeline)
        if each.since <= moment and (each.until is None or moment < each.until)
    }
    period = served_at(timeline, moment).period
    clusters = period.clusters if period else ()
    assert there == {
        each.cluster: tuple(v for v in each.variants if v["weight"]) for each in clusters
    }
