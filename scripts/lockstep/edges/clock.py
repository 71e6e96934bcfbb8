"""The clock is an edge: whoever decides is told the time, and may be told another."""

from datetime import UTC, datetime

from lockstep.model.clock import parse_time
from lockstep.model.errors import UsageError
from lockstep.text.sanitise import one_line


def now(told: str | None = None) -> datetime:
    """The time to decide at (aware, UTC, whole seconds): as told, or the machine's clock.

    Raises UsageError where ``told`` is no time with a zone.
    """
    if told is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return parse_time(told).replace(microsecond=0)
    except ValueError as error:
        raise UsageError(
            f"--now {one_line(told, 60)}: {error}", fix="write a time like 2026-01-31T08:00:00Z"
        ) from error
