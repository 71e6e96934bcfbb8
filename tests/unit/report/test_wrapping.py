"""Text that fits the width of a terminal: what is wrapped, and what stays on one line."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.report.wrapping import fitted

OUT = io.StringIO()
COMMAND = "lockstep advance --decision " + "a" * 64


def test_a_long_line_goes_on_below_itself() -> None:
    text = "short\n  unchecked: " + "the registry was not asked " * 5
    shown = fitted(text, OUT, 60).split("\n")
    assert shown[0] == "short" and shown[1].startswith("  unchecked: the registry")
    assert max(map(len, shown)) <= 60 and all(each.startswith("      ") for each in shown[2:])
    assert " ".join(" ".join(shown).split()) == " ".join(text.split())


@pytest.mark.parametrize(
    "line", [f"  {COMMAND}", f"  to make it: {COMMAND}", f"{'why ' * 20}: {COMMAND}"]
)
def test_a_command_can_be_copied(line: str) -> None:
    assert any(each.strip() == COMMAND for each in fitted(line, OUT, 60).split("\n"))


def test_a_line_of_a_file_is_never_wrapped() -> None:
    line = "word " * 60
    assert fitted(line, OUT) == line


@given(st.text(alphabet="ab \n:", max_size=300), st.integers(20, 90))
def test_no_word_is_lost_or_changed(text: str, width: int) -> None:
    assert fitted(text, OUT, width).split() == text.split()
