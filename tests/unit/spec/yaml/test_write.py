"""Machine-written YAML: equal bytes for equal values, and one meaning for every reader."""

import json
from typing import Any

import pytest
import ryml
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lockstep.spec.yaml.load import load_yaml
from lockstep.spec.yaml.write import dump_yaml
from tests.unit.spec.yaml.yaml_reader import read_independently, same

TRAPS = [
    "NO", "y", "~", "", "null", "012", "1:30", "1e3", "2026-01-31", "0x1f", "1_000", ".nan", "inf",
    "<<", "=", "a: b", "- a", "# a", "a #b", "&a", "*a", "!a", "%a", "@a", "`a`", "[a", "{a", "'",
    '"', "a\nb", " a", "a ", "\t", "\x1b[2J", "\x85", "\u2028", "\ufeff", "é", "𝄞", "a\\b", "---",
    "...", "sha256:0", "9e9", "True", "k" * 200,
]  # fmt: skip
TEXTS = st.sampled_from(TRAPS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def test_the_bytes_are_fixed_with_sorted_keys_and_a_header_of_the_verb() -> None:
    value = {"b": ["x", "1", 1, True, None], "a": {"c": "NO", "d": 0.5}}
    assert dump_yaml(value, by="lockstep lock") == (
        b"# machine-written by lockstep lock; do not edit\n"
        b'a:\n  c: "NO"\n  d: 0.5\n'
        b'b:\n- x\n- "1"\n- 1\n- true\n- null\n'
    )


@pytest.mark.parametrize("text", TRAPS)
def test_text_is_text_to_readers_of_yaml_1_1_and_1_2(text: str) -> None:
    data = dump_yaml({"value": text}, by="a test")
    assert yaml.safe_load(data) == {"value": text}
    assert read_independently(data) == {"value": text}
    rapid = ryml.emit_json(ryml.parse_in_arena(data))
    assert json.loads(rapid, strict=False) == {"value": text}


def test_what_repeats_is_written_out_without_anchors() -> None:
    shared = {"version": "1"}
    data = dump_yaml([shared, shared], by="a test")
    assert b"&" not in data and b"*" not in data
    assert data.count(b'version: "1"') == 2


@given(VALUES)
def test_every_value_comes_back_without_a_finding(value: Any) -> None:
    data = dump_yaml({"spec": value}, by="a test")
    document, findings = load_yaml("a.yaml", data)
    assert document is not None and not findings, (data, findings)
    assert same(document.value, {"spec": value})
    assert dump_yaml(document.value, by="a test") == data
    assert same(yaml.safe_load(data), {"spec": value})
