"""Plain scalars: YAML 1.2's values, and an error where readers disagree."""

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lockstep.spec.yaml.scalars import AmbiguousScalar, resolve_plain
from tests.unit.spec.yaml.yaml_reader import core_scalar, same

NUMERALS = st.text("0123456789+-._:eExobnaifINTZ ", min_size=1, max_size=8).filter(
    lambda text: text == text.strip()
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("False", False), ("TRUE", True), ("tRUE", "tRUE"),
        ("0", 0), ("-0", 0), ("+1", 1), ("41", 41), ("0.0", 0.0), ("1.", 1.0), (".5", 0.5),
        ("-1.5e-3", -0.0015), ("1e3", 1000.0), ("1e-400", 0.0), ("9007199254740993", 2**53 + 1),
        ("1.2.3", "1.2.3"), ("1.37-rc1", "1.37-rc1"), ("-", "-"), ("+", "+"), (".", "."),
        ("1" * 25, int("1" * 25)),
        ("1e", "1e"), ("e1", "e1"), ("-x", "-x"), ("1 2", "1 2"), ("nan", "nan"), ("inf", "inf"),
        ("12h", "12h"), ("1:99", "1:99"), ("0b2", "0b2"), ("0xg", "0xg"), ("0o8", "0o8"),
        ("2026-01", "2026-01"), ("now", "now"), ("nope", "nope"), ("_1", "_1"),
        ("sha256:012", "sha256:012"), ("٣", "٣"), ("<<", "<<"),
    ],
)  # fmt: skip
def test_what_every_reader_reads_alike(text: str, value: Any) -> None:
    assert same(resolve_plain(text), value)


@pytest.mark.parametrize(
    ("texts", "meaning"),
    [
        ("y Y n N yes Yes YES no No NO on On ON off Off OFF", "a boolean to some readers"),
        ("012 -017 +00 0_7 00", "an octal number to some readers"),
        ("08.5 012. 00.1 01e3 -0120.8e+1", "a number to some readers"),
        ("0x1F -0xff 0o17 0b1010 0b1_0", "a number in another base to some readers"),
        ("1:30 -1:30:00 190:20:30.15", "a base-60 number"),
        ("2026-01-31 2026-1-1 2026-01-31T08:00:00Z", "a date to some readers"),
        ("1_000 1_0.5 1_0.5e+3 .5_0 1__0", "a number with underscores to some readers"),
        (".inf -.Inf +.INF .nan .NaN .NAN", "not a finite number"),
        ("1" * 26 + " 0." + "3" * 24, "a number with more digits than readers keep"),
        ("1e999 -1e999", "a number larger than readers can represent"),
    ],
)
def test_what_readers_disagree_about_is_rejected_with_the_reason(texts: str, meaning: str) -> None:
    for text in texts.split():
        with pytest.raises(AmbiguousScalar) as caught:
            resolve_plain(text)
        assert str(caught.value) == meaning, text


def test_dates_with_spaces_are_rejected() -> None:
    for text in ("2026-01-31 08:00:00", "2026-01-31\t08:00:00", "2026-01-31 8:0:0 +1"):
        with pytest.raises(AmbiguousScalar, match="date"):
            resolve_plain(text)


@given(NUMERALS | st.text(max_size=10))
def test_an_accepted_scalar_has_its_value_by_the_core_schema(text: str) -> None:
    try:
        value = resolve_plain(text)
    except AmbiguousScalar:
        return
    assert same(value, core_scalar(text))
    assert not isinstance(value, float) or math.isfinite(value)


@given(NUMERALS)
def test_an_accepted_scalar_is_no_other_type_to_a_reader_of_yaml_1_1(text: str) -> None:
    try:
        value = resolve_plain(text)
    except AmbiguousScalar:
        return
    loader: Any = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False)).rpartition(":")[2]
    kinds = {"null": type(None), "bool": bool, "int": int, "float": float, "str": str}
    # Numbers with an exponent are text to PyYAML; readers of either version want a number there.
    assert kinds[tag] is type(value) or (tag == "str" and isinstance(value, float))
