"""Times and durations: one form out, clear refusals of what has no meaning."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.times import format_time, parse_duration, parse_time


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.timezones()))
def test_a_time_comes_back_in_utc_and_whole_seconds(moment: datetime) -> None:
    text = format_time(moment)
    assert len(text) == 20 and text.endswith("Z")
    assert parse_time(text) == moment.astimezone(UTC).replace(microsecond=0)
    assert format_time(parse_time(text)) == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00+02:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
        ("2026-01-31 08:00-00:30", datetime(2026, 1, 31, 8, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_of_any_zone_are_read(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "2026-01-31", "2026-01-31T08:00:00", "2026-02-30T08:00:00Z", "now", "1767225600",
        "2026-01-31T24:01:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "\0",
    ],
)  # fmt: skip
def test_what_is_not_a_time_or_has_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


def test_a_time_before_the_year_1000_keeps_its_four_digits() -> None:
    zone = timezone(timedelta(hours=1))
    assert format_time(datetime(999, 1, 2, 3, 4, 5, 999_999, zone)) == "0999-01-02T02:04:05Z"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("1h", 3600),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("0s", 0),
        ("1d1h1m1s", 90_061),
    ],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "h", "1x", "1m1h", "1h1h", "-1h", "1.5h", " 1h", "1h\n", "1H", "1w", "٣h", "1_0h",
        "9999999999d", "9" * 5000 + "s",
    ],
)  # fmt: skip
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_duration(text)


@given(st.lists(st.integers(0, 9999), min_size=4, max_size=4))
def test_the_parts_of_a_duration_add_up(parts: list[int]) -> None:
    days, hours, minutes, seconds = parts
    expected = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert parse_duration(f"{days}d{hours}h{minutes}m{seconds}s") == expected


@given(st.text(max_size=12))
def test_any_other_text_gives_a_value_or_a_value_error(text: str) -> None:
    for parse in (parse_time, parse_duration):
        try:
            parse(text)
        except ValueError:
            continue
