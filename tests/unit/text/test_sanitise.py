"""Text that is safe to show."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.text.sanitise import (
    cut,
    json_text,
    lines,
    one_line,
    quoted,
    record_line,
    without_credentials,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 世界", "plain ü 世界"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u2028\u202e\u200b", r"\u2028\u202e\u200b"),
        ("no\xa0break", "no break"),
        ("\ud800", r"\ud800"),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_no_line_of_several_is_a_command_to_a_runner() -> None:
    assert lines("a\n  ::error::x\n::x\n##[add-mask]y") == "a\n\\::error::x\n\\::x\n#\\#[add-mask]y"


@pytest.mark.parametrize("command", ["##vso[task.complete]x", "###[error]x", "a ##teamcity[x]"])
def test_a_command_is_escaped_wherever_it_is(command: str) -> None:
    hidden = one_line(command)
    assert re.search(r"##\w*\[", hidden) is None
    encoded = json_text(json.dumps([command]))
    assert re.search(r"##\w*\[", encoded) is None and json.loads(encoded) == [command]


def test_credentials_in_urls_are_shown_nowhere_and_columns_stay() -> None:
    text = "see https://bot:p@ss@git.example.com/x and mlflow://x"
    shown = "see https://********@git.example.com/x and mlflow://x"
    assert one_line(text) == record_line(text) == without_credentials(text) == shown
    assert json.loads(json_text(json.dumps({text: [text, "a@b"]}))) == {shown: [shown, "a@b"]}


def test_lines_keep_their_breaks_only() -> None:
    assert lines("a\nb\r\n\x1b") == "a\nb\\r\n\\x1b"


@given(st.text(st.characters()))
def test_whatever_comes_is_printable_afterwards(text: str) -> None:
    assert one_line(text).isprintable()


def test_a_limit_says_how_much_is_cut() -> None:
    assert one_line("abc\n", 3) == "abc… (2 more characters)"
    assert one_line("abc", 3) == cut("abc", 3) == "abc"


@given(st.text(st.characters()), st.integers(3, 80))
def test_quoted_text_is_one_printable_line_in_quotes(text: str, limit: int) -> None:
    shown = quoted(text, limit)
    assert shown.isprintable() and shown[0] == shown[-1] and shown[0] in "'\""


def test_quoted_text_shows_no_credentials_even_where_it_is_cut() -> None:
    assert quoted("https://bot:hunter2@git.example.com") == "'https://***@git.example.com'"
    assert "hunter2" not in quoted("x" * 45 + "://bot:hunter2" + "z" * 2000 + "@host")
