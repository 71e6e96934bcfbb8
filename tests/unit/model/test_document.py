"""Pointers into documents, and where their values were written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.document import (
    Document,
    Places,
    Pointer,
    Span,
    from_json_pointer,
    to_json_pointer,
    value_at,
)

VALUE: dict[str, Any] = {"spec": {"list": [{"a": 1}, 2], "text": "x", "none": None}}
DOCUMENT = Document(
    "a.yaml",
    VALUE,
    lambda: Places(
        spans={
            (): Span(1, 1, 9, 1),
            ("spec",): Span(2, 3, 9, 1),
            ("spec", "text"): Span(4, 9, 4, 10),
            ("spec", "list", 0): Span(5, 7, 5, 9),
        },
        key_spans={("spec",): Span(1, 1, 1, 5), ("spec", "text"): Span(4, 3, 4, 7)},
    ),
)


@pytest.mark.parametrize(
    ("pointer", "key", "place"),
    [
        (("spec", "text"), False, (4, 9)),
        (("spec", "text"), True, (4, 3)),
        (("spec", "list", 0), True, (5, 7)),
        (("spec", "text", "deeper"), True, (4, 9)),
        (("spec", "missing", 3), False, (2, 3)),
        (("nowhere",), False, (1, 1)),
        ((), True, (1, 1)),
    ],
)
def test_a_value_is_found_or_its_nearest_written_parent(
    pointer: Pointer, key: bool, place: tuple[int, int]
) -> None:
    assert DOCUMENT.locate(pointer, key=key) == ("a.yaml", *place)


def test_a_document_without_spans_begins_at_its_first_line() -> None:
    assert Document("b.yaml", {}).locate(("a",)) == ("b.yaml", 1, 1)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ((), VALUE), (("spec", "list", 0, "a"), 1), (("spec", "list", 1), 2),
        (("spec", "none"), None), (("spec", "list", 2), "?"), (("spec", "list", "0"), "?"),
        (("spec", 0), "?"), (("spec", "text", 0), "?"), (("spec", "none", "x"), "?"),
        (("spec", "list", 1, "x"), "?"),
    ],
)  # fmt: skip
def test_a_value_below_a_pointer_or_the_default(pointer: Pointer, value: Any) -> None:
    assert value_at(VALUE, pointer, "?") == value


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("", ()), ("/a", ("a",)), ("/a~1b/c~0d", ("a/b", "c~d")), ("/", ("",)), ("/0", ("0",)),
        ("/~01", ("~1",)),
    ],
)  # fmt: skip
def test_json_pointers_are_those_of_rfc_6901(text: str, pointer: Pointer) -> None:
    assert to_json_pointer(pointer) == text
    assert from_json_pointer(text) == pointer


VALUES = st.recursive(
    st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("~/01a"), inner),
    max_leaves=8,
)


def pointers(value: Any, at: Pointer = ()) -> list[Pointer]:
    items: Any = ()
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
    return [at, *(p for key, each in items for p in pointers(each, (*at, key)))]


@given(VALUES)
def test_every_pointer_comes_back_from_its_text(value: Any) -> None:
    for pointer in pointers(value):
        assert from_json_pointer(to_json_pointer(pointer), value) == pointer


@given(VALUES, st.text("/~01a²٣", max_size=8))
def test_any_text_is_some_pointer(value: Any, text: str) -> None:
    value_at(value, from_json_pointer("/" + text, value))
