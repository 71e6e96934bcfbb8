"""Blocks hold what was counted between edges, and nothing where that is not known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.gate_sources.prometheus.api import Sample, Series, milliseconds
from lockstep.gate_sources.prometheus.counting import Counter, count_blocks, growths, near_edges
from lockstep.model.blocks import Block, Count, TimeSpan

SINCE = datetime(2026, 1, 31, 8, tzinfo=UTC)
START = milliseconds(SINCE)
MINUTE = 60_000
BLOCK = 5 * MINUTE
NEAR = 2 * MINUTE


def spans(count: int) -> list[TimeSpan]:
    length = timedelta(minutes=5)
    return [TimeSpan(SINCE + n * length, SINCE + (n + 1) * length) for n in range(count)]


def samples(*pairs: tuple[float, float]) -> list[Sample]:
    """Values by minutes since the grid began."""
    return [Sample(round(START + minute * MINUTE), value) for minute, value in pairs]


def counter(*pairs: tuple[float, float], bad: int = 0, segment: str = "") -> Counter:
    return Counter(Series({}, samples(*pairs)), bad, 1, segment)


def blocks(
    candidate: Sequence[Counter], baseline: Sequence[Counter] | None = None, *,
    count: int = 2, silent: Sequence[int] = (),
) -> tuple[Block, ...]:  # fmt: skip
    given = {START + n * BLOCK: " (why)" for n in silent}
    return count_blocks(candidate, baseline, spans(count), lambda *_: given)


STEADY = counter(*((m, 10.0 * m + 100) for m in range(-3, 11)))


def test_a_count_is_the_difference_of_the_last_samples_at_the_edges() -> None:
    late = counter((-0.4, 7), (4.6, 20), (9.6, 21), (10.4, 900))  # scrapes between the edges
    first, second = blocks([STEADY, late], [STEADY])
    assert (first.candidate, second.candidate) == (Count(0, 50 + 13), Count(0, 50 + 1))
    assert first.baseline == Count(0, 50) and first.missing == ""
    assert (first.start, first.end) == ("2026-01-31T08:00:00Z", "2026-01-31T08:05:00Z")


def test_a_reset_goes_on_from_zero() -> None:
    restarted = counter((0, 100), (1, 110), (2, 4), (3, 9), (5, 12), (10, 12))
    first, second = blocks([restarted])
    assert (first.candidate, second.candidate) == (Count(0, 10 + 12), Count(0, 0))


def test_a_new_pod_counts_from_zero_and_one_that_ends_until_its_last_sample() -> None:
    new = counter((6, 3), (7, 5), (10, 8))
    ended = counter((0, 50), (1, 55), (2, 60))
    first, second = blocks([STEADY, new, ended])
    assert (first.candidate, second.candidate) == (Count(0, 50 + 10), Count(0, 50 + 8))


def test_what_is_new_after_a_time_without_any_samples_may_be_old() -> None:
    new = counter((6, 3000), (7, 3005), (10, 3008))
    first, second = blocks([new], silent=[1])
    assert first.candidate is None and second.candidate is None
    assert second.missing == "Prometheus has no samples near 2026-01-31T08:05:00Z (why)"


@pytest.mark.parametrize("gap", [(4, 6), (2, 3), (4, 11)])
def test_a_gap_around_an_edge_is_missing_and_never_zero(gap: tuple[int, int]) -> None:
    kept = [(float(m), 10.0 * m) for m in range(-1, 17) if not gap[0] <= m <= gap[1]]
    found = blocks([counter(*kept)], [STEADY], count=3)
    hit = [n for n in range(3) if any(
        gap[0] <= edge - 1 and edge <= gap[1] for edge in (5 * n, 5 * n + 5))]  # fmt: skip
    assert [n for n, block in enumerate(found) if block.candidate is None] == hit
    for n in hit:
        assert found[n].missing.startswith("candidate: a series has no sample near")
    assert all(b.candidate == Count(0, 50) for n, b in enumerate(found) if n not in hit)


def test_no_series_is_missing_and_series_without_traffic_are_zero() -> None:
    idle = counter((-1, 7), (4, 7), (9, 7))
    first, _ = blocks([idle], [])
    assert first.candidate == Count(0, 0) and first.baseline is None
    assert first.missing == "stable: no series has samples, so nothing was measured"
    (alone, _) = blocks([idle])
    assert alone.baseline is None and alone.missing == ""


def test_segments_have_blocks_of_their_own() -> None:
    more = [STEADY, counter((-1, 0), (5, 2), (10, 2), segment="shops")]
    found = blocks(more, [STEADY])
    assert [(b.segment, b.candidate, b.baseline) for b in found] == [
        ("", Count(0, 50), Count(0, 50)),
        ("shops", Count(0, 2), Count(0, 0)),
        ("", Count(0, 50), Count(0, 50)),
        ("shops", Count(0, 0), Count(0, 0)),
    ]


@pytest.mark.parametrize(
    ("counters", "why"),
    [
        ([counter((0, 1), (3, float("nan")), (5, 2))], "a value that is not a count"),
        ([counter((0, -1), (5, 2))], "a value that is not a count"),
        ([counter((0, 1), (5, float("inf")))], "a value that is not a count"),
        ([counter((0, 0), (5, 2.5))], "do not count in whole numbers"),
        ([counter((0, 0), (5, 2.0**60))], "do not count in whole numbers"),
        ([STEADY, Counter(counter((0, 0), (5, 99)).series, 1, 0)], "99 of 50 is not a count of"),
        ([STEADY, Counter(counter((0, 0), (5, 9)).series, -1, 0)], "-9 of 50 is not a count of"),
    ],
)
def test_what_no_counter_can_say_is_missing(counters: list[Counter], why: str) -> None:
    (block,) = blocks(counters, count=1)
    assert block.candidate is None and why in block.missing


def test_an_edge_is_near_the_last_sample_before_it_only() -> None:
    series = Series({}, samples((0, 1), (3.1, 1), (11, 1)))
    edges = [START + n * BLOCK for n in range(4)]
    assert near_edges([series], edges, NEAR) == {edges[0], edges[1]}


def test_no_closed_block_is_no_block() -> None:
    assert count_blocks([STEADY], None, [], lambda *_: {}) == ()


@given(st.data())
def test_the_sum_of_all_blocks_is_what_the_samples_have_seen(data: st.DataObject) -> None:
    """For any counter, with resets and scrapes at any offset and interval up to a minute."""
    interval = data.draw(st.integers(1_000, 60_000), "interval")
    offset = data.draw(st.integers(0, interval - 1), "offset")
    count = data.draw(st.integers(1, 5), "blocks")
    born = data.draw(st.booleans(), "born in the grid")
    time = START - interval + offset if not born else START + 1 + offset
    value = 0 if born else data.draw(st.integers(0, 10**6))
    found: list[Sample] = []
    edges = [START + n * BLOCK for n in range(count + 1)]
    truth = [0] * count
    first = True
    while time <= edges[-1] + interval:
        grown = data.draw(st.integers(0, 50))
        reset = data.draw(st.integers(0, 19)) == 0 and not first
        # The scrape sees what came since the last one, or since the reset in between.
        before = value
        value = min(grown, max(value - 1, 0)) if reset else value + grown
        seen = value if first or value < before else value - before
        block = (time - START - 1) // BLOCK
        if (born or not first) and 0 <= block < count:
            truth[block] += seen
        found.append(Sample(time, float(value)))
        first = False
        time += interval
    amounts = growths(found, edges, NEAR)
    assert [int(a.amount) if a else 0 for a in amounts] == truth
    assert not any(a.problem for a in amounts if a)
