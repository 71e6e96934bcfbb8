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


NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-03-01T09:00:00+01:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00:00.9Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01t08:00z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01 08:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("1d12h", datetime(2026, 3, 1, tzinfo=UTC)),
        ("90m", datetime(2026, 3, 2, 10, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 2, 16, 12, tzinfo=UTC)),
        ("1w1d12h", datetime(2026, 2, 22, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_time_with_its_zone_a_date_in_utc_or_how_long_ago(
    given: str, expected: datetime
) -> None:
    assert clock.moment(given, NOW, "--since") == expected


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("2026-03-01T08:00:00", "no time zone"),
        ("2026-02-30", "no such day"),
        ("2026-13-01T08:00:00Z", "month"),
        ("2026-03-01T25:00Z", "hour"),
        ("yesterday", "no form that is known"),
        ("", "no form that is known"),
        ("20260301", "no form that is known"),
        ("9999999d", "before the year 1"),
        ("9999999w", "before the year 1"),
        ("99999999999w", "before the year 1"),
        ("1d1w", "no form that is known"),
        ("w", "no form that is known"),
        ("2w 1d", "no form that is known"),
        ("0001-01-01T00:00:00+01:00", "outside of the years"),
        ("\x1b[2J", "no form that is known"),
        ("9" * 5000 + "d", "no form that is known"),
        ("9" * 5000 + "w", "no form that is known"),
    ],
)
def test_what_is_no_moment_is_a_usage_error_that_names_the_option(given: str, why: str) -> None:
    with pytest.raises(UsageError, match="--at") as error:
        clock.moment(given, NOW, "--at")
    assert why in error.value.message and error.value.message.isprintable()
    assert "2d" in error.value.fix
