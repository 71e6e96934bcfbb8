"""Declared types, held against values all the way down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from lockstep.model.evidence import Verdict
from lockstep.model.typed import conforms


@dataclass(frozen=True)
class Inner:
    number: int


@dataclass(frozen=True)
class Outer:
    text: str
    inner: "Inner | None" = None
    many: tuple[Inner, ...] = ()
    free: Any = None


def _some(value: Any) -> Any:
    """A value as it comes from a file: of any type."""
    return value


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (1, int), (1.5, float), (1, float), ("", str), (True, bool), (None, None), (object(), Any),
        (None, str | None), ("x", str | None), ([], list[int]), ([1], list[int]),
        ((1,), tuple[int, ...]), ({"a": 1}, Mapping[str, int]),
        ({"a": [None]}, Mapping[str, list[Any]]),
        (Verdict.PASS, Verdict), (Outer("x", Inner(1), (Inner(2),), {1}), Outer),
        (Outer(""), Outer),
    ],
)  # fmt: skip
def test_what_fits(value: object, declared: Any) -> None:
    assert conforms(value, declared)


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (True, int), (1.0, int), (True, float), ("1", int), (1, str), (b"", str), (1, bool),
        (0, None), (1, str | None), ((1,), list[int]), ([1], tuple[int, ...]), (["x"], list[int]),
        ({"a": "x"}, Mapping[str, int]), ({1: 1}, Mapping[str, int]), ([], Mapping[str, int]),
        ("pass", Verdict), (Verdict.PASS, str), ({}, Outer), (Inner(1), Outer),
        (Outer(_some(1)), Outer), (Outer("", Inner(_some("1"))), Outer),
        (Outer("", None, (Inner(True),)), Outer), (Outer("", None, _some([])), Outer),
    ],
)  # fmt: skip
def test_what_does_not_fit(value: object, declared: Any) -> None:
    assert not conforms(value, declared)
