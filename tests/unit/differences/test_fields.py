"""The fields that differ: none for the same value, symmetric, with paths for people."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lockstep.differences.fields import field_differences

_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
_KEYS = st.sampled_from(["name", "spec", "env", "ports", "args", "hosts", "route", "http"])
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


def found(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    return [(each.path, each.before, each.after) for each in field_differences(before, after)]


@given(VALUES)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert found(value, value) == []


@given(VALUES, VALUES)
def test_the_other_direction_has_the_same_fields_with_from_and_to_exchanged(
    one: Any, other: Any
) -> None:
    there = sorted(map(repr, found(one, other)))
    back = sorted(repr((path, after, before)) for path, before, after in found(other, one))
    # Items without an identity are called by their index on one of the sides.
    assert [each for each in there if "[" not in each] == [each for each in back if "[" not in each]
    assert len(there) == len(back)


@given(st.lists(st.integers(0, 50), unique=True, max_size=8), st.randoms())
def test_the_order_of_named_items_does_not_matter(numbers: list[int], chance: Any) -> None:
    items = [{"name": f"n{number}", "value": number} for number in numbers]
    other = items[:]
    chance.shuffle(other)
    assert found({"subsets": items}, {"subsets": other}) == []


@given(st.lists(st.integers(0, 50), unique=True, min_size=1, max_size=8), st.data())
def test_an_insertion_anywhere_is_one_change(numbers: list[int], data: st.DataObject) -> None:
    items = [{"name": f"n{number}"} for number in numbers]
    new = {"name": "new"}
    place = data.draw(st.integers(0, len(items)))
    before, after = {"env": items}, {"env": [*items[:place], new, *items[place:]]}
    assert found({"template": before}, {"template": after}) == [("template.env[new]", None, new)]
    assert found({"template": after}, {"template": before}) == [("template.env[new]", new, None)]


def test_paths_name_items_and_keys_as_people_do() -> None:
    def pod(image: str) -> Any:
        containers = [{"name": "model", "image": image}]
        return {"spec": {"template": {"spec": {"containers": containers}}}}

    path = "spec.template.spec.containers[model].image"
    assert found(pod("a"), pod("b")) == [(path, "a", "b")]
    labels = {"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}
    assert found(labels, {"metadata": {"labels": {}}}) == [
        ("metadata.labels[app.kubernetes.io/name]", "x", None)
    ]
    assert len(found({"x" * 900 + "/": 1}, {})[0][0]) < 300


def test_types_count_and_an_empty_value_is_none() -> None:
    assert found({"a": 1, "b": 1, "c": None}, {"a": True, "b": "1"}) == [
        ("a", 1, True), ("b", 1, "1"),
    ]  # fmt: skip


def test_another_order_of_routes_is_one_change() -> None:
    one, two = {"name": "one"}, {"name": "two"}
    assert found({"http": [one, two]}, {"http": [two, one]}) == [
        ("http (order)", ["one", "two"], ["two", "one"])
    ]


def test_a_command_is_one_value() -> None:
    assert found({"args": ["a", "b"]}, {"args": ["b", "a"]}) == [("args", ["a", "b"], ["b", "a"])]
    assert found({"args": ["a", {"b": 1}]}, {"args": ["a", {"b": True}]}) == [
        ("args", ["a", {"b": 1}], ["a", {"b": True}])
    ]
