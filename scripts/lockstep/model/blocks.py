"""Blocks of time: what a gate counted of candidate and baseline at the same time.

A grid of blocks of one fixed length begins when a step is live. Only closed blocks count, so two
runners that ask at different times in the same block see the same.

Where a job logs the counts, it does not know when a step is live: its blocks end when the clock
says so, at 08:00, 08:05 and so on, and the grid begins with the first that lies within the step.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from lockstep.model.document import Json
from lockstep.model.times import later, parse_duration

BLOCK = "5m"
"""The length of a block where the gate gives none."""

DELAY = "1m"
"""How long after its end a block counts, where the gate does not say: sources answer late."""

MOST_BLOCKS = 1000
"""The blocks of one grid: each is in the record, for each gate in each cluster."""

COUNTS = "counts"
"""The field of a gate whose blocks a job logs, so that they have the edges of the clock."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Count(Struct, frozen=True):
    """Of ``total`` requests, ``bad`` were bad: an error, a false positive, one too slow."""

    bad: int
    total: int


class Block(Struct, frozen=True, omit_defaults=True):
    """What both versions did from ``start`` until ``end`` (RFC 3339, UTC).

    ``segment`` keeps groups of requests apart whose mix can differ between the versions; it is
    empty where there is one group. A side without a count was not measured, which is not the same
    as zero: ``missing`` then says why, and the block is left out.
    """

    start: str
    end: str
    candidate: Count | None = None
    baseline: Count | None = None
    segment: str = ""
    missing: str = ""


class Period(NamedTuple):
    """A closed block's time, from ``start`` until ``end``; both aware."""

    start: datetime
    end: datetime


def closed_blocks(gate: Mapping[str, Json], since: datetime, now: datetime) -> list[Period]:
    """The closed blocks of a gate's grid from ``since`` on, in order.

    Reads the gate's ``block``, ``delay`` and ``counts``. A block is closed when its end is at least
    ``delay`` ago. With ``counts`` all edges are whole multiples of ``block`` after 1970. Raises
    ValueError where a setting is not a duration, the block is shorter than a second, or there are
    more than MOST_BLOCKS.
    """
    length, delay = _duration(gate, "block", BLOCK), _duration(gate, "delay", DELAY)
    if length < timedelta(seconds=1):
        raise ValueError(f"block {gate.get('block')!r} is shorter than a second")
    if COUNTS in gate:
        since = later(since, (_EPOCH - since) % length)
    count = max(0, (now - delay - since) // length)
    if count > MOST_BLOCKS:
        raise ValueError(
            f"{count} blocks have passed since the step began, and a grid has at most "
            f"{MOST_BLOCKS}: set a longer block"
        )
    return [Period(later(since, n * length), later(since, (n + 1) * length)) for n in range(count)]


def require_few(blocks: int) -> None:
    """Raise ValueError where there are too many blocks of all segments for one answer."""
    if blocks > MOST_BLOCKS:
        raise ValueError(
            f"{blocks} blocks of all segments are more than {MOST_BLOCKS}: set a longer block"
        )


def _duration(gate: Mapping[str, Json], name: str, default: str) -> timedelta:
    value = gate.get(name, default)
    try:
        return parse_duration(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} {value!r} is not a duration") from error
