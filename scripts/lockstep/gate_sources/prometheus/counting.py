"""Counts of blocks from raw samples of counters: what was counted, and never an estimate.

``increase`` and ``rate`` are not used: they extrapolate, and lose what a new pod counted first.
The value of a counter at a block's edge is its last sample at or before the edge. A block's count
is the sum over all series of what each has grown by between its two edges.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from lockstep.gate_sources.prometheus.api import Sample, Series, milliseconds, time_of
from lockstep.model.blocks import Block, Count, TimeSpan
from lockstep.model.times import format_time

NEAR = timedelta(minutes=2)
"""How long before an edge the last sample may be; a block's length where that is less.

A constant, so that what one runner counted does not depend on what another has seen since."""


_NEAR = round(NEAR.total_seconds() * 1000)


class Counter(NamedTuple):
    """A series, and how its growth enters a block's count: times ``bad`` and times ``total``.

    So ``requests slower than a bucket`` is all requests less those in the bucket (bad=-1).
    """

    series: Series
    bad: int
    total: int
    segment: str = ""


class Growth(NamedTuple):
    """What one series says about one block.

    ``born`` means that it has no sample before the block, so that it counts from zero; ``problem``
    says why its growth is not known.
    """

    amount: float
    born: bool = False
    problem: str = ""


def growths(samples: Sequence[Sample], edges: Sequence[int], near: int) -> list[Growth | None]:
    """What a series grew by between each edge and the next; None where it does not exist then.

    A counter that falls was reset, and goes on from zero. A series that has ended counts until its
    last sample; one without a sample near an edge that goes on later has a gap: what it counted is
    not lost, but nobody knows in which block it happened.
    """
    times = [sample.time for sample in samples]
    return [_growth(samples, times, span, near) for span in pairwise(edges)]


def _growth(
    samples: Sequence[Sample], times: list[int], span: tuple[int, int], near: int
) -> Growth | None:
    start, end = span
    before, until = bisect_right(times, start), bisect_right(times, end)
    goes_on = until < len(times)
    seen_at_end = until > 0 and times[until - 1] > end - near
    if until == 0 or (before == until and not goes_on and not seen_at_end):
        return None
    if before > 0 and times[before - 1] <= start - near:
        return Growth(0.0, problem=f"a series has no sample near {time_of(start)}")
    if goes_on and not seen_at_end:
        return Growth(0.0, problem=f"a series has no sample near {time_of(end)}")
    values = [sample.value for sample in samples[max(before - 1, 0) : until]]
    if not all(isfinite(value) and value >= 0 for value in values):
        return Growth(0.0, problem="a series has a value that is not a count")
    born = before == 0
    return Growth(_grown([0.0, *values] if born else values), born)


def _grown(values: Iterable[float]) -> float:
    return sum(after - ahead if after >= ahead else after for ahead, after in pairwise(values))


def near_edges(series: Iterable[Series], edges: Sequence[int], near: int) -> set[int]:
    """The edges near which at least one of the series has a sample."""
    found = set()
    for each in series:
        times = [sample.time for sample in each.samples]
        for edge in edges:
            until = bisect_right(times, edge)
            if until and times[until - 1] > edge - near:
                found.add(edge)
    return found


def count_blocks(
    candidate: Sequence[Counter],
    baseline: Sequence[Counter] | None,
    spans: Sequence[TimeSpan],
    scraped: Callable[[Sequence[int], set[int]], dict[int, str]],
) -> tuple[Block, ...]:
    """The blocks of consecutive ``spans``, one for each segment, the missing ones too.

    ``baseline`` is None where nothing else serves. ``scraped`` gets the edges, and those near which
    a series has samples; it gives the others at which Prometheus had no samples of anything, with
    what is known of why: what is born after such an edge may be older.
    """
    if not spans:
        return ()
    edges = [milliseconds(spans[0].start), *(milliseconds(span.end) for span in spans)]
    near = min(_NEAR, edges[1] - edges[0])
    both = [*candidate, *(baseline or ())]
    silent = scraped(edges, near_edges((each.series for each in both), edges, near))
    segments = sorted({each.segment for each in both}) or [""]
    sides = [_Side("candidate", candidate, edges, near)]
    if baseline is not None:
        sides.append(_Side("stable", baseline, edges, near))
    return tuple(
        _block(span, segment, [side.count(i, segment, edges, silent) for side in sides])
        for i, span in enumerate(spans)
        for segment in segments
    )


def _block(span: TimeSpan, segment: str, sides: Sequence[Count | str]) -> Block:
    counts = [side if isinstance(side, Count) else None for side in sides]
    problems = [side for side in sides if isinstance(side, str)]
    return Block(
        format_time(span.start), format_time(span.end), counts[0],
        counts[1] if len(counts) > 1 else None, segment, "; ".join(dict.fromkeys(problems)),
    )  # fmt: skip


class _Side:
    """The counters of one version, with their growth in each block."""

    def __init__(
        self, name: str, counters: Sequence[Counter], edges: Sequence[int], near: int
    ) -> None:
        self._name = name
        self._grown = [(each, growths(each.series.samples, edges, near)) for each in counters]

    def count(
        self, block: int, segment: str, edges: Sequence[int], silent: dict[int, str]
    ) -> Count | str:
        """What the version did in a block; a text where that is not known, which says why."""
        start, end = edges[block], edges[block + 1]
        if end in silent:
            return f"Prometheus has no samples near {time_of(end)}{silent[end]}"
        here = [(each, grown[block]) for each, grown in self._grown]
        if not any(grown is not None and each.total for each, grown in here):
            # Another segment's series are enough: one without requests has none.
            return f"{self._name}: no series has samples, so nothing was measured"
        bad = total = 0.0
        for each, grown in here:
            if grown is None or each.segment != segment:
                continue
            if grown.problem:
                return f"{self._name}: {grown.problem}"
            if grown.born and start in silent:
                return f"Prometheus has no samples near {time_of(start)}{silent[start]}"
            bad += each.bad * grown.amount
            total += each.total * grown.amount
        if not (bad.is_integer() and total.is_integer() and total < _EXACT):
            return f"{self._name}: the counters do not count in whole numbers"
        if not 0 <= bad <= total:
            return f"{self._name}: {bad:.0f} of {total:.0f} is not a count of a part"
        return Count(int(bad), int(total))


_EXACT = 2.0**53
"""From here on floats leave out whole numbers."""
