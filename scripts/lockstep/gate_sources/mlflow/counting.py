"""Blocks from the counts that a monitoring job logs: one ``bad`` and one ``total`` for each block.

A count says for which block it is by its time, which is the block's end. MLflow does not keep when
a value was logged, so what is late cannot be told from what was there in time, and it counts: until
then its block is missing. Missing is what may still come. What can never be right, such as more bad
requests than requests, is a ValueError: the other numbers of that job are worth no more.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite

from lockstep.model.blocks import Block, Count, Period
from lockstep.model.times import format_time
from lockstep.registry.base import LoggedValue

_LARGEST = 2.0**53
"""From here on floats leave out whole numbers."""

Sides = Mapping[str, Sequence[LoggedValue]]
"""What was logged in the time of the blocks, by ``candidate`` and, where one serves, ``stable``."""


def metric_names(counts: str, segment: str = "") -> tuple[str, str]:
    """The metrics that hold what is bad and all that there is: ``fpr.bad`` and ``fpr.total``.

    Those of a segment are ``fpr.retail.bad`` and ``fpr.retail.total``.
    """
    stem = f"{counts}.{segment}" if segment else counts
    return f"{stem}.bad", f"{stem}.total"


def blocks_of(
    spans: Sequence[Period], counts: str, segments: Sequence[str], sides: Sides
) -> tuple[Block, ...]:
    """The blocks of ``spans``, one for each segment, the missing ones too.

    Raises ValueError for a value that is at no edge, that is no count, or that contradicts another.
    """
    logged = {side: _by_edge(side, values, spans) for side, values in sides.items()}
    return tuple(
        _block(span, segment, {
            side: _count(side, found[_milliseconds(span.end)], metric_names(counts, segment))
            for side, found in logged.items()
        })
        for span in spans
        for segment in segments or [""]
    )  # fmt: skip


def _by_edge(
    side: str, values: Sequence[LoggedValue], spans: Sequence[Period]
) -> dict[int, list[LoggedValue]]:
    found: dict[int, list[LoggedValue]] = defaultdict(list)
    edges = {_milliseconds(span.end) for span in spans}
    for each in values:
        if each.time not in edges:
            raise ValueError(
                f"{side}: {each.metric} was logged for {_text(each.time)}, where no block ends; "
                f"each lasts {spans[0].end - spans[0].start}, in whole ones of the clock"
            )
        if not (isfinite(each.value) and each.value.is_integer() and 0 <= each.value < _LARGEST):
            raise ValueError(
                f"{side}: {each.metric} at {_text(each.time)} is {each.value:g}, which is no count"
            )
        found[each.time].append(each)
    return found


def _count(side: str, logged: Sequence[LoggedValue], names: tuple[str, str]) -> Count | str:
    """What was logged for one block and segment; a text where it is missing, which says why."""
    found: list[int] = []
    calls = []
    for name in names:
        mine = [each for each in logged if each.metric == name]
        values = sorted({int(each.value) for each in mine})
        if len(values) > 1:
            raise ValueError(
                f"{side}: {name} at {_text(mine[0].time)} was logged as "
                f"{' and as '.join(map(str, values))}"
            )
        found += values
        calls.append({each.call for each in mine})
    if len(found) < 2 or not calls[0] & calls[1]:
        return f"{side}: no {names[0]} and {names[1]}, logged in one call"
    bad, total = found
    if bad > total:
        raise ValueError(
            f"{side}: {names[0]} at {_text(logged[0].time)} is {bad}, of a total of {total}"
        )
    return Count(bad, total)


def _block(span: Period, segment: str, counted: Mapping[str, Count | str]) -> Block:
    counts = {side: each for side, each in counted.items() if isinstance(each, Count)}
    problems = [each for each in counted.values() if isinstance(each, str)]
    return Block(
        format_time(span.start), format_time(span.end), counts.get("candidate"),
        counts.get("stable"), segment, "; ".join(problems),
    )  # fmt: skip


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _text(milliseconds: int) -> str:
    seconds, fraction = divmod(milliseconds, 1000)
    shown = format_time(datetime.fromtimestamp(seconds, UTC))
    # With the fraction, which may be why it is at no edge.
    return shown.replace("Z", f".{fraction:03}Z") if fraction else shown
