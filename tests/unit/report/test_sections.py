"""Sections within a limit: what matters least is left out first, and is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.report.markup import size
from lockstep.report.sections import Section, compose

FIRST = Section(0, "error", ["e" * 10, "f" * 10], "# Errors")
SECOND = Section(2, "object", ["o" * 10] * 3, "<details>", "</details>")
LAST = Section(1, "family table", ["t" * 10])


def test_all_is_shown_in_the_order_given_where_it_fits() -> None:
    text, left = compose([FIRST, SECOND, LAST], 1_000)
    o = "o" * 10
    assert text == (
        f"# Errors\n\n{'e' * 10}\n\n{'f' * 10}\n\n<details>\n\n{o}\n\n{o}\n\n{o}\n\n</details>"
        f"\n\n{'t' * 10}"
    )
    assert left == []


def test_the_highest_rank_is_left_out_first_and_from_its_end() -> None:
    text, left = compose([FIRST, SECOND, LAST], 100)
    assert "# Errors" in text and "t" * 10 in text and left == ["1 object"]
    text, left = compose([FIRST, SECOND, LAST], 70)
    assert "t" * 10 in text and "details" not in text and left == ["3 objects"]
    text, left = compose([FIRST, SECOND, LAST], 30)
    assert text == f"# Errors\n\n{'e' * 10}" and left == ["1 error", "3 objects", "1 family table"]


def test_a_head_without_a_block_is_not_shown() -> None:
    assert compose([Section(0, "error", [], "# Errors"), LAST], 100) == ("t" * 10, [])


@given(
    st.lists(
        st.builds(
            Section, st.integers(0, 5), st.sampled_from(["error", "object"]),
            st.lists(st.text("ab\U0001f600", max_size=30), max_size=9), st.text("h", max_size=9),
            st.text("t", max_size=9), st.sampled_from(["\n", "\n\n"]),
        ),
        max_size=6,
    ),
    st.integers(0, 500),
)  # fmt: skip
def test_it_always_fits_and_every_block_is_shown_or_counted(
    sections: list[Section], limit: int
) -> None:
    text, left = compose(sections, limit)
    assert size(text) <= limit
    counted = sum(int(each.split()[0]) for each in left)
    assert counted <= sum(len(each.blocks) for each in sections)
    everything, none = compose(sections, 100_000)
    assert none == [] and all(block in everything for each in sections for block in each.blocks)
    if not left:
        assert text == everything


@pytest.mark.parametrize(("text", "units"), [("", 0), ("abc", 3), ("世", 1), ("\U0001f600", 2)])
def test_a_character_that_forges_count_twice_counts_twice(text: str, units: int) -> None:
    assert size(text) == units
