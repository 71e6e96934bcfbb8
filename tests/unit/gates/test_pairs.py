"""Blocks as pairs of counts: what was not measured is left out, and nonsense is refused."""

import pytest

from lockstep.gates.pairs import Pair, pairs_of
from lockstep.model.blocks import Block, Count

FROM, UNTIL = "2026-03-01T12:00:00Z", "2026-03-01T12:05:00Z"


def test_a_block_gives_the_counts_of_both_versions_in_seconds() -> None:
    (pair,) = pairs_of([Block(FROM, UNTIL, Count(3, 10), Count(27, 90), "vip")])
    assert pair.end - pair.start == 300
    assert (pair.bad, pair.share, pair.segment) == (30, 0.1, "vip")


@pytest.mark.parametrize(
    "block",
    [
        Block(FROM, UNTIL, Count(3, 10), None, missing="no samples"),
        Block(FROM, UNTIL, None, Count(3, 10), missing="no samples"),
        Block(FROM, UNTIL, Count(0, 0), Count(3, 10)),
        Block(FROM, UNTIL, Count(3, 10), Count(0, 0)),
    ],
)
def test_a_block_without_both_versions_is_left_out(block: Block) -> None:
    assert list(pairs_of([block])) == []


@pytest.mark.parametrize(
    "block",
    [
        Block(FROM, UNTIL, Count(11, 10), Count(0, 1)),
        Block(FROM, UNTIL, Count(0, 1), Count(-1, 10)),
        Block(UNTIL, FROM, Count(0, 1), Count(0, 1)),
        Block(FROM, "soon", Count(0, 1), Count(0, 1)),
    ],
)
def test_what_cannot_be_is_refused(block: Block) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the kinds differ)
        list(pairs_of([block]))


def test_nothing_of_nothing_is_no_comparison() -> None:
    assert not Pair(0, 1, Count(0, 0), Count(0, 0)).compares
