"""The clock is an edge: a verb gets the time to decide at, which its caller may give."""

import re
import time
from datetime import UTC, datetime, timedelta

from lockstep.model.errors import UsageError
from lockstep.model.times import parse_duration, parse_time
from lockstep.text.sanitise import one_line

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WEEKS = re.compile(r"([0-9]+)w(.*)")
_TIME = re.compile(rf"{_DATE.pattern}[Tt ][0-9]{{2}}:[0-9]{{2}}.*")


def now(given: str | None = None) -> datetime:
    """The time to decide at (aware, UTC, whole seconds): as given, or the machine's clock.

    Raises UsageError where ``given`` is not a time with a zone.
    """
    if given is None:
        # Whole seconds, because records hold no smaller part of a time.
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return parse_time(given).replace(microsecond=0)
    except ValueError as error:
        raise UsageError(
            f"--now {one_line(given, 60)} is not a time with a time zone",
            fix="write a time like 2026-01-31T08:00:00Z",
        ) from error


def moment(given: str, now: datetime, option: str) -> datetime:
    """The time that a person names: with its zone, as a date (its start in UTC), or as 2w3d ago.

    Aware, UTC, whole seconds. Raises UsageError, which names the ``option``, for anything else.
    """
    try:
        if _DATE.fullmatch(given):
            return parse_time(f"{given}T00:00:00Z")
        if _TIME.fullmatch(given):
            return parse_time(given.upper()).replace(microsecond=0)
        return (now - _how_long(given)).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{option} {one_line(given, 60)} is no time: {one_line(_why(given, error), 100)}",
            fix="write a time like 2026-01-31T08:00:00Z or 2026-01-31T09:00:00+01:00, a date like "
            "2026-01-31, which begins at 00:00 UTC, or how long ago it was, like 2w, 2d or 12h",
        ) from error


def _how_long(given: str) -> timedelta:
    """A duration as specs have it, which may begin with weeks: people look so far back."""
    if not (weeks := _WEEKS.fullmatch(given)):
        return parse_duration(given)
    rest = parse_duration(weeks[2]) if weeks[2] else timedelta()
    return timedelta(weeks=int(weeks[1])) + rest


def _why(given: str, error: Exception) -> str:
    if isinstance(error, OverflowError):
        return "it is before the year 1"
    if _TIME.fullmatch(given):
        return "it has no time zone" if "zone" in str(error) else str(error)
    return "there is no such day" if _DATE.fullmatch(given) else "it is in no form that is known"


def sleep(seconds: float) -> None:
    """Wait; a signal that ends this process ends the wait, too."""
    time.sleep(seconds)
