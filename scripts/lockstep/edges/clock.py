"""The clock is an edge: a verb gets the time to decide at, which its caller may give."""

import time
from datetime import UTC, datetime

from lockstep.model.errors import UsageError
from lockstep.model.times import parse_time
from lockstep.text.sanitise import one_line


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


def sleep(seconds: float) -> None:
    """Wait; a signal that ends this process ends the wait, too."""
    time.sleep(seconds)
