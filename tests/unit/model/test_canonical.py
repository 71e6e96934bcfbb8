"""Canonical JSON: equal values have equal bytes, unequal ones do not."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.canonical import canonical_json, digest_bytes, digest_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abä", max_size=2), inner, max_size=4)
    ),
    max_leaves=10,
)


def test_keys_are_sorted_nothing_is_escaped_and_no_space_is_left() -> None:
    assert canonical_json({"b": [1, True, None], "a": {"ä": "é\n"}}) == (
        '{"a":{"ä":"é\\n"},"b":[1,true,null]}'.encode()
    )


def turned(value: Any) -> Any:
    """The same value with every mapping written in the other order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(VALUES, VALUES)
def test_the_bytes_tell_values_apart_and_nothing_else(one: Any, other: Any) -> None:
    assert canonical_json(one) == canonical_json(turned(one))
    assert json.loads(canonical_json(one)) == one
    if one != other:
        assert canonical_json(one) != canonical_json(other)
        assert digest_json(one) != digest_json(other)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_json_lacks_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": [number]})


def test_digests_name_their_hash() -> None:
    assert digest_bytes(b"x") == "sha256:" + hashlib.sha256(b"x").hexdigest()
    assert digest_json({"a": 1}) == digest_bytes(b'{"a":1}')
