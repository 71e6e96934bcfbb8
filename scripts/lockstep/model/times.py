"""Times as Lockstep writes them: UTC, RFC 3339, whole seconds, ``Z``."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of this machine's clock the time of a record may be."""

# Without ASCII, \d would match the digits of every script.
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


_FIRST, _LAST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Rego counts nanoseconds in 64 bits, so times outside this range are clamped to it."""


def format_time(moment: datetime) -> str:
    """``2026-01-31T08:00:00Z`` for an aware datetime of any zone."""
    # Without the zone, because isoformat would write +00:00 and not Z.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parse_time(text: str) -> datetime:
    """An aware UTC datetime. Raises ValueError for anything that does not name its zone."""
    moment = datetime.fromisoformat(text)
    # A time without a zone is another moment on another machine.
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside of the years 1 to 9999") from error


def is_ahead(text: str, now: datetime) -> bool:
    """Whether a time is after ``now`` by more than the clocks of two machines may differ."""
    return parse_time(text) > later(now, CLOCK_SKEW)


def later(moment: datetime, duration: timedelta) -> datetime:
    """``moment`` and a duration; the last moment of the year 9999 where the sum is after it."""
    try:
        return moment + duration
    except OverflowError:
        return datetime.max.replace(microsecond=0, tzinfo=UTC)


def parse_duration(text: str) -> timedelta:
    """``30m``, ``1h``, ``1h30m``, ``2d`` as a timedelta. Raises ValueError otherwise."""
    match = _DURATION.fullmatch(text)
    # Every part is optional, so the expression accepts an empty text too.
    if not match or not text:
        raise ValueError(f"{text!r} is not a duration; write it like 30m, 1h30m or 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"{text!r} is longer than any rollout") from error


def format_duration(duration: timedelta) -> str:
    """``2d3h``, ``1h30m``, ``40s``: a duration without its sign, by its two largest units."""
    left = abs(int(duration.total_seconds()))
    parts = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        parts.append((left // seconds, unit))
        left %= seconds
    first = next((index for index, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return "".join(f"{n}{unit}" for n, unit in parts[first : first + 2] if n) or "0s"


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of an evaluation: to the hour, so that results can be cached for an hour."""

    now: datetime

    def to_json(self) -> dict[str, str]:
        """``now`` and ``today``, both in UTC."""
        known = min(max(self.now.astimezone(UTC), _FIRST), _LAST)
        text = format_time(known.replace(minute=0, second=0, microsecond=0))
        return {"now": text, "today": text[:10]}
