"""What a template wrote is accepted only in the form that all YAML readers read alike."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lockstep.render.parse import Unreadable, parse_manifest
from lockstep.render.templates import quote

GOOD = """\
# a comment: with anything { in it
apiVersion: apps/v1
"quoted": "text with \\" and \\n and \\u2028"
number: -12
yes-man: nobody
truth: true
empty: {}
none: []
listed: [ALL, "b", 3]
nested:
  - name: http
    deeper:
      - a
      - "b"
  - - x
"""

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SCALARS = TEXTS | st.integers() | st.booleans()


def test_all_readers_agree_on_what_is_allowed() -> None:
    value = parse_manifest(GOOD)
    assert value == yaml.safe_load(GOOD)
    assert value["yes-man"] == "nobody"
    assert value["quoted"] == 'text with " and \n and \u2028'


NUMBER_LIKE = re.compile(r"[-+.]*(nan|inf|infinity)", re.IGNORECASE)
KEYS = TEXTS.filter(lambda text: not NUMBER_LIKE.fullmatch(text))


@pytest.mark.parametrize("key", ["nan", "inf", "-inf", "infinity", ".nan", "NaN"])
def test_a_key_that_the_parser_would_rewrite_is_refused(key: str) -> None:
    with pytest.raises(Unreadable, match="not plain YAML"):
        parse_manifest(f'"{key}": ""\n')
    assert parse_manifest(f'"{key}s": "{key}"\n') == {f"{key}s": key}


@given(st.dictionaries(KEYS, SCALARS, min_size=1))
def test_quoted_values_come_back_as_they_were(mapping: dict[str, str | int | bool]) -> None:
    text = "".join(f"{quote(key)}: {quote(value)}\n" for key, value in mapping.items())
    assert parse_manifest(text) == mapping
    assert yaml.load(text, yaml.CSafeLoader) == mapping


@pytest.mark.parametrize(
    "line",
    [
        "a: no", "a: Off", "a: y", "a: NULL", "a: ~", "on: b", "No: b", "a: 012", "a: 0x1f",
        "a: 1:30", "a: 1_000", "a: 2026-01-31", "a: 1.5", "a: .inf", "a: 1e3", "a: +1",
        "a: &anchor b", "a: *anchor", "a: !!str b", "a: |", "a: >-", "<<: {b: c}", "a: {b: c}",
        "a: 'b'", "a: b c", "a: b # c", "a: b: c", 'a: "b" c', 'a: "\\ud83d"', 'a: "\\x41"',
        'a: "\\u0000"',
        'a: "\u2028"', 'a: "\x85"', 'a: "\t"', "---", "...", "%YAML 1.1", "a:\tb", "\ta: b",
        'a: "b', "? a", "a: [b", "a: b\r", "", "# \u2028b: c", "# \x85b: c", "#\rb: c",
    ],
)  # fmt: skip
def test_what_readers_read_differently_is_refused_at_its_line(line: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_manifest(f"fine: x\n{line}\n")
    assert refused.value.line == 2


@pytest.mark.parametrize(
    "text",
    ["- a\n", "a\n", '"a"\n', "# nothing\n", "a: 1\n  b: 2\n", "a:\n- b\n c: d\n", "{}: x\n"],
)
def test_what_is_not_a_single_mapping_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_manifest(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\na: 2\n", 2), ('a: 1\nb: 2\n"a": 2\n', 3), ("x:\n  - a: 1\n    a: 1\n", 3)],
)
def test_a_duplicate_key_is_refused_at_the_second(text: str, line: int) -> None:
    with pytest.raises(Unreadable, match="duplicate key 'a'") as refused:
        parse_manifest(text)
    assert refused.value.line == line


def test_a_line_that_does_not_fit_those_before_it_is_refused_there() -> None:
    with pytest.raises(Unreadable, match="not YAML") as refused:
        parse_manifest("x: 1\na: 1\n  b: 2\nc: 3\n")
    assert refused.value.line == 3


def test_lists_that_are_nested_deeply_are_refused() -> None:
    with pytest.raises(Unreadable, match="depth"):
        parse_manifest("a:\n  " + "- " * 1000 + "x\n")


@given(st.text())
def test_no_text_at_all_makes_it_fail_in_another_way(text: str) -> None:
    try:
        value = parse_manifest(text)
    except Unreadable:
        return
    assert value == yaml.load(text, yaml.CSafeLoader)
