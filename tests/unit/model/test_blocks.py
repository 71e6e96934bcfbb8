"""The grid of blocks: it depends on when the step began, and not on when somebody looks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.blocks import MOST_BLOCKS, closed_blocks

SINCE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def after(**time: int) -> datetime:
    return SINCE + timedelta(**time)


def test_blocks_are_of_five_minutes_and_count_a_minute_after_their_end() -> None:
    assert closed_blocks({}, SINCE, after(minutes=5)) == []
    assert closed_blocks({}, SINCE, after(minutes=6)) == [(SINCE, after(minutes=5))]
    assert closed_blocks({}, SINCE, after(minutes=11)) == [
        (SINCE, after(minutes=5)),
        (after(minutes=5), after(minutes=10)),
    ]


def test_the_gate_says_how_long_blocks_are_and_how_late_its_source_is() -> None:
    gate = {"block": "1m", "delay": "30s"}
    assert closed_blocks(gate, SINCE, after(seconds=89)) == []
    assert closed_blocks(gate, SINCE, after(seconds=90)) == [(SINCE, after(minutes=1))]


def test_blocks_that_a_job_logs_end_with_the_clock() -> None:
    gate = {"counts": "fpr", "delay": "0s"}
    began = after(minutes=-3, seconds=7)
    assert closed_blocks(gate, began, after(minutes=4)) == []
    assert closed_blocks(gate, began, after(minutes=6)) == [(SINCE, after(minutes=5))]
    assert closed_blocks(gate, SINCE, after(minutes=6)) == [(SINCE, after(minutes=5))]
    weekly = closed_blocks({**gate, "block": "7d"}, began, after(days=12))
    assert [(span.start.weekday(), span.start.hour) for span in weekly] == [(3, 0)], "as 1970 began"


def test_a_step_that_begins_later_than_now_has_no_blocks() -> None:
    assert closed_blocks({}, SINCE, after(hours=-5)) == []


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_who_looks_later_sees_the_same_blocks_and_perhaps_more(first: int, second: int) -> None:
    gate = {"block": "3m", "delay": "10s"}
    earlier, later = sorted((first, second))
    seen = closed_blocks(gate, SINCE, after(seconds=earlier))
    assert closed_blocks(gate, SINCE, after(seconds=later))[: len(seen)] == seen


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ({"block": "soon"}, "block 'soon' is not a duration"),
        ({"block": 5}, "block 5 is not a duration"),
        ({"delay": "-1m"}, "delay '-1m' is not a duration"),
        ({"block": "0s"}, "block '0s' is shorter than a second"),
        ({"block": "1s"}, f"3600 blocks have passed since the step began.*{MOST_BLOCKS}"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(gate: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        closed_blocks({"delay": "0s"} | gate, SINCE, after(hours=1))
