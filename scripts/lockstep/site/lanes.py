"""The time line of a family as a picture: lanes of bars, at places in percent of its width.

Clusters with the same history share a lane, so that a family of hundreds of clusters is still a
picture that people can read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lockstep.model.decision import Variant
from lockstep.model.timeline import LedgerEntry, ServingSpan
from lockstep.model.times import format_time
from lockstep.report.history import describe_weights

COLOURS = 8
"""Versions have so many different colours, and then the first ones again."""

MOST_LANES = 40
"""More lanes than these are not drawn: the table below has all of them."""

_LETTER = 0.8
"""The width of a letter in percent of a picture on a wide screen; a narrow one cuts the text."""

_TICKS = 4
_SHORTEST = timedelta(hours=1)
"""The shortest time that is drawn: a family whose first record is a minute old still has a line."""


@dataclass(frozen=True, slots=True)
class VersionShare:
    """One version in a bar: from ``top`` on, ``height`` of it, both in percent."""

    version: str
    colour: int
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time with the same weights; ``left`` and ``width`` in percent of the picture.

    ``text`` says the weights, ``since`` and ``until`` are RFC 3339 UTC; None: it still holds.
    """

    left: float
    width: float
    text: str
    since: str
    until: str | None
    shares: tuple[VersionShare, ...]

    @property
    def label(self) -> str:
        """What is written in it: the version, or all weights; empty where there is no room."""
        alone = self.shares[0].version if len(self.shares) == 1 else self.text
        return alone if self.width >= _LETTER * len(alone) else ""


@dataclass(frozen=True, slots=True)
class Lane:
    """The bars of clusters with the same history, oldest first; ``places`` are their regions."""

    places: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis, ``left`` in percent of its width."""

    left: float
    label: str
    time: str


@dataclass(frozen=True, slots=True)
class DecisionMark:
    """A decision on the line of time, ``left`` in percent of its width."""

    left: float
    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture: its lanes, the versions with their colours, times on the axis, decisions."""

    since: str
    until: str
    lanes: tuple[Lane, ...]
    versions: tuple[tuple[str, int], ...]
    ticks: tuple[Tick, ...]
    marks: tuple[DecisionMark, ...]

    @property
    def drawn(self) -> tuple[Lane, ...]:
        """The lanes that the picture has."""
        return self.lanes[:MOST_LANES]


def draw(
    spans: Sequence[ServingSpan], entries: Iterable[LedgerEntry], now: datetime, days: int
) -> Chart:
    """The last ``days`` before ``now``, or since the first record where that is later."""
    earliest = min((each.since for each in spans), default=now)
    start = min(max(earliest, now - timedelta(days=days)), now - _SHORTEST)
    seen = [each for each in spans if each.until is None or each.until > start]
    seen = [each for each in seen if each.since <= now]
    # By all versions of the ledger and not by what is seen, so that no colour changes from one day
    # to the next.
    colours = _colours(spans)
    scale = _Scale(start, now)
    return Chart(
        format_time(start),
        format_time(now),
        tuple(_lanes(seen, colours, scale)),
        tuple((each, colours[each]) for each in colours if any(_has(s, each) for s in seen)),
        tuple(_ticks(scale)),
        tuple(DecisionMark(scale.at(e.since), e) for e in entries if start <= e.since <= now),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        """The place of a moment, in percent; what is outside is at the edge."""
        share = (moment - self.start) / (self.end - self.start)
        # Rounded, so that the same fleet gives the same bytes on every machine.
        return round(100 * min(max(share, 0.0), 1.0), 3)


def _colours(spans: Iterable[ServingSpan]) -> dict[str, int]:
    """A number for each version, in the order in which they began to serve."""
    ordered = sorted(spans, key=lambda each: (each.since, each.cluster))
    versions = dict.fromkeys(v["version"] for each in ordered for v in each.variants)
    return {version: index % COLOURS for index, version in enumerate(versions)}


def _has(span: ServingSpan, version: str) -> bool:
    return any(each["version"] == version for each in span.variants)


def _lanes(spans: Sequence[ServingSpan], colours: dict[str, int], scale: _Scale) -> Iterator[Lane]:
    by_cluster: dict[str, list[ServingSpan]] = {}
    for each in spans:
        by_cluster.setdefault(each.cluster, []).append(each)
    alike: dict[tuple[Bar, ...], list[str]] = {}
    for cluster, own in by_cluster.items():
        bars = tuple(_bar(each, colours, scale) for each in own)
        alike.setdefault(bars, []).append(own[0].region or cluster)
    for bars, places in alike.items():
        yield Lane(tuple(places), bars)


def _bar(span: ServingSpan, colours: dict[str, int], scale: _Scale) -> Bar:
    left = scale.at(span.since)
    right = scale.at(span.until or scale.end)
    until = format_time(span.until) if span.until else None
    return Bar(
        left, round(right - left, 3), describe_weights(span.variants), format_time(span.since),
        until, tuple(_shares(span.variants, colours)),
    )  # fmt: skip


def _shares(variants: Sequence[Variant], colours: dict[str, int]) -> Iterator[VersionShare]:
    top = 0
    for each in variants:
        yield VersionShare(each["version"], colours[each["version"]], top, each["weight"])
        top += each["weight"]


def _ticks(scale: _Scale) -> Iterator[Tick]:
    whole = scale.end - scale.start
    # Of less than two days, the day would be the same on all of them.
    form = "%H:%M" if whole < timedelta(days=2) else "%d %b"
    for index in range(_TICKS + 1):
        moment = (scale.start + whole * index / _TICKS).astimezone(UTC)
        yield Tick(100 * index / _TICKS, moment.strftime(form), format_time(moment))
