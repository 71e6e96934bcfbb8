"""Tables: what is shown is what was given, whatever it holds."""

import subprocess
import sys

import pytest

from lockstep.report.table import format_table


def test_columns_and_cells() -> None:
    text = format_table(["family", "weight"], [["fraud", 90], ["ranker", 5]])
    lines = [line.split() for line in text.splitlines() if line.strip(" ─")]
    assert lines == [["family", "weight"], ["fraud", "90"], ["ranker", "5"]]


def test_numbers_are_set_to_the_right() -> None:
    text = format_table(["name", "count"], [["a", 5], ["b", 1000]])
    ends = [len(line) for line in text.splitlines() if line.strip().startswith(("a ", "b "))]
    assert ends[0] == ends[1]


def test_markup_and_control_characters_have_no_effect() -> None:
    text = format_table(["[b]x[/b]"], [["[red]a[/red]\x1b[2J\nb\u202e"]])
    assert "[red]a[/red]" + r"\x1b[2J\nb\u202e" in text
    assert "[b]x[/b]" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_long_cells_are_wrapped_and_never_cut() -> None:
    cell = "abcdefghij" * 20
    text = format_table(["a", "b"], [[cell, "x"]], width=40)
    assert "…" not in text
    letters = "".join(c for line in text.splitlines()[2:] for c in line if c in "abcdefghij")
    assert letters == cell
    assert max(len(line) for line in text.splitlines()) <= 40


def test_no_rows_still_show_the_columns() -> None:
    assert "family" in format_table(["family"], [])


def test_the_environment_cannot_add_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in format_table(["a"], [["1"]])


def test_rich_is_imported_only_when_a_table_is_drawn() -> None:
    code = "import lockstep.report.table, sys; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
