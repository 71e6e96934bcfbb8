"""A source line with a caret below what a finding is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lockstep.report.excerpt import WIDTH, draw
from tests.unit.report.outcomes import TEXT


def under(text: str, line: int, column: int) -> str:
    """What the caret points at."""
    source, caret = draw(text, line, column)
    at, shown = cell_len(caret) - 1, ""
    for character in source:
        if cell_len(shown + character) > at:
            return character
        shown += character
    return ""


@pytest.mark.parametrize(
    ("text", "column", "pointed"),
    [
        ("region: us", 9, "u"),
        ("\tregion: us", 2, "r"),
        ("世界: us", 5, "u"),
        ("e\u0301: us", 5, "u"),
        ("\x1b[31m: us", 7, " "),
        ("a" * 5000 + "X" + "b" * 5000, 5001, "X"),
        ("世" * 500 + "X" + "界" * 500, 501, "X"),
        ("x" * 300, 1, "x"),
        ("end", 4, ""),
        ("end", 400, ""),
        ("", 1, ""),
    ],
)
def test_the_caret_is_below_the_column(text: str, column: int, pointed: str) -> None:
    assert under(text, 12, column) == pointed


def test_source_and_caret_stand_behind_the_line_number() -> None:
    assert draw("  a: b", 105, 6) == ("105 |   a: b", "    |      ^")


def test_a_tab_fills_its_columns() -> None:
    assert draw("\ta: b", 1, 2) == ("1 |     a: b", "  |     ^")


def test_what_is_cut_is_marked_on_the_side_where_it_was() -> None:
    assert draw("x" * 300, 1, 1)[0].endswith("…")
    assert "…" not in draw("x" * 300, 1, 1)[0][:-1]
    assert draw("  key: " + "x" * 300, 1, 8)[0].startswith("1 |   key: x")
    middle = draw("x" * 300, 1, 150)[0]
    assert middle.startswith("1 | …") and middle.endswith("…")
    assert draw("x" * 300, 1, 300)[0].endswith("x")
    for column in (1, 20, 80, 100, 101):
        assert draw("x" * WIDTH, 1, column)[0] == f"1 | {'x' * WIDTH}"


@given(st.lists(TEXT).map("".join), st.integers(1, 99), st.integers(1, 400))
def test_any_line_fits_and_is_printable(text: str, line: int, column: int) -> None:
    source, caret = draw(text, line, column)
    assert source.isprintable() and caret.strip(" |") == "^"
    assert cell_len(source) <= WIDTH + 10 + len("99 | ……")
