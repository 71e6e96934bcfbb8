"""What is expected of an object is compared with what is there."""

from typing import Any

import pytest

from lockstep.render.targets.differences import agrees, differences
from lockstep.render.targets.expected import (
    ABSENT,
    FREE,
    AnyBut,
    Apart,
    ByName,
    Each,
    Guarded,
    Has,
    IfAny,
    OneOf,
    Within,
)

BY_NAME = ByName({"a": {"name": "a", "x": 1}})
CLOSED = ByName({"a": {"name": "a"}}, {"name": FREE, "y": 1})


@pytest.mark.parametrize(
    ("expected", "found", "pointers"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ["b"]),
        ({"a": 1}, {"a": 1, "b": None}, []),
        ({"a": 1, "b": FREE}, {"a": 1, "b": [2]}, []),
        ({"a": FREE}, {}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({"a": 1}, [], [""]),
        ({"a": {"b": 1, "c": ABSENT}}, {}, ["a/b"]),
        ({"a": ABSENT}, {}, []),
        ({"a": ABSENT}, {"a": None}, []),
        ({"a": ABSENT}, {"a": 0}, ["a"]),
        ({"x": {}}, {}, []),
        ({"x": {"a": FREE, "b": IfAny(1)}}, {}, []),
        (Guarded({"a": "1"}), {"a": "1", "b": "2"}, []),
        (Guarded({"a": "1"}), {"a": "1", "lockstep.dev/b": "2"}, ["lockstep.dev/b"]),
        (Guarded({}), {"x.keda.sh/b": "2"}, ["x.keda.sh/b"]),
        (Guarded({}), {"notkeda.sh/b": "2", "keda.sh": "2"}, []),
        (Guarded({"a": IfAny("1")}), {}, []),
        (Guarded({"a": IfAny("1")}), {"a": "2"}, ["a"]),
        ({"x": Guarded({})}, {}, []),
        (BY_NAME, [{"name": "b"}, {"name": "a", "x": 1}], []),
        (BY_NAME, [{"name": "a", "x": 1, "y": 2}], ["0/y"]),
        (CLOSED, [{"name": "a"}, {"name": "b", "y": 1}], []),
        (CLOSED, [{"name": "a"}, {"name": "b", "y": 2, "z": 1}], ["1/y", "1/z"]),
        (CLOSED, [{"name": "a"}, {"name": ["b"], "y": 1}, "c"], ["2"]),
        (BY_NAME, [{"name": "b"}], [""]),
        (BY_NAME, {}, [""]),
        (BY_NAME, [{"name": "a", "x": 2}], ["0/x"]),
        (BY_NAME, [{"name": "a", "x": 1}, {"name": "a", "x": 1}], ["1"]),
        (Has([1]), [2, 1], []),
        (Has([1]), [2], [""]),
        (Has([1]), None, [""]),
        (Has([1], IfAny(3)), [3, 1], []),
        (Has([1], IfAny(3)), [2, 1], ["0"]),
        ({"a": Each({"b": 1})}, {}, []),
        (Each({"b": 1}), [{"b": 1}, {"b": 2}], ["1/b"]),
        (Each(1), {}, [""]),
        ({"a": Within(1, 2)}, {}, []),
        (Within(1, 2), 2, []),
        (Within(1, 2), 3, [""]),
        (Within(0, 2), True, [""]),
        (Within(1, 2), "2", [""]),
        (OneOf([1, 2]), 2, []),
        (OneOf([1, 2]), 3, [""]),
        ({"a": OneOf([1])}, {}, ["a"]),
        ({"a": AnyBut(1)}, {}, []),
        (AnyBut(1), 2, []),
        (AnyBut(1), 1, [""]),
        (Apart("/mnt/models"), "/mnt/other", []),
        (Apart("/mnt/models"), "/mnt/models-2", []),
        (Apart("/mnt/models"), "/mnt/models", [""]),
        (Apart("/mnt/models"), "/mnt/models/a", [""]),
        (Apart("/mnt/models"), "/mnt", [""]),
        (Apart("/mnt/models"), "/", [""]),
        (Apart("/mnt/models"), "mnt/models", [""]),
        (Apart("/mnt/models"), "//mnt/models/", [""]),
        (Apart("/mnt/models"), "/mnt/x/../models", [""]),
        (Apart("/mnt/models"), 1, [""]),
        ({"a": Apart("/mnt")}, {}, ["a"]),
        ({"a": IfAny(1)}, {}, []),
        ({"a": IfAny(1)}, {"a": 1}, []),
        ({"a": IfAny(1)}, {"a": 2}, ["a"]),
        ([{"a": 1}], [{"a": 1, "b": 2}], ["0/b"]),
        ([{"a": 1}], [{"a": 2}], ["0/a"]),
        ([1, 2], [2, 1], ["0", "1"]),
        ([1], [1, 1], [""]),
        ([1], 1, [""]),
    ],
)
def test_differences_are_where_they_are(expected: Any, found: Any, pointers: list[str]) -> None:
    different = list(differences(expected, found))
    assert ["/".join(map(str, each.pointer)) for each in different] == pointers
    assert agrees(expected, found) == (not pointers)


def test_a_difference_says_what_must_be_and_what_is() -> None:
    expected = {
        "a": {"b": [{"c": IfAny(1), "d": FREE}], "e": ABSENT}, "f": Within(1, 9), "g": AnyBut(1),
        "h": Each(1), "i": OneOf([1, 2]),
    }  # fmt: skip
    found = {"f": 0, "g": 1, "h": 0, "i": 3, "j": 1}
    assert [(each.must, each.does) for each in differences(expected, found)] == [
        ('be [{"c": 1}]', "is missing"),
        ("be a whole number from 1 to 9", "is 0"),
        ("not be 1", "is 1"),
        ("be a list", "is 0"),
        ("be one of [1, 2]", "is 3"),
        ("not be there", "is 1"),
    ]
