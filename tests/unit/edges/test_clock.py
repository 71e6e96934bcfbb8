"""The time to decide at: the machine's, or the one that was given."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockstep.edges import clock
from lockstep.model.errors import UsageError


def written_now(path: Path) -> datetime:
    """The machine's time in whole seconds, from a file that is written now."""
    path.touch()
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def test_the_machines_time_is_utc_in_whole_seconds(tmp_path: Path) -> None:
    before = written_now(tmp_path / "before")
    read = clock.now()
    assert before <= read <= written_now(tmp_path / "after")
    assert read.tzinfo is UTC and read.microsecond == 0


def test_a_given_time_is_read_in_utc_and_whole_seconds() -> None:
    expected = datetime(2026, 1, 31, 6, tzinfo=UTC)
    assert clock.now("2026-01-31T08:00:00.999+02:00") == expected


@pytest.mark.parametrize(
    "given", ["", "tomorrow", "2026-01-31T08:00:00", "0001-01-01T00:00:00+01:00", "x" * 10_000]
)
def test_an_invalid_time_is_a_usage_error_that_shows_the_form(given: str) -> None:
    with pytest.raises(UsageError, match="--now") as error:
        clock.now(given)
    assert "2026-01-31T08:00:00Z" in error.value.fix
