"""Keys of the cache: another key for any other content."""

from typing import Any

from lockstep.edges.content_key import content_key


def test_a_key_changes_with_every_byte_fact_and_boundary() -> None:
    tree: dict[str, bytes] = {"a": b"1", "b": b"2"}
    variations: list[tuple[list[dict[str, Any]], list[str]]] = [
        ([tree], []), ([tree], ["x"]), ([tree], ["x", ""]), ([tree, {}], []), ([{}, tree], []),
        ([tree, tree], []), ([{"a": b"1"}, {"b": b"2"}], []), ([{"a": b"12"}], []),
        ([{"a": b"1", "b": b"3"}], []), ([{"a": b"1", "c": b"2"}], []),
        ([{"a1": b"", "b": b"2"}], []),
        ([{"a\udcff": b"1", "b": b"2"}], []), ([], ["tree"]), ([], []),
    ]  # fmt: skip
    keys = [content_key(trees, facts) for trees, facts in variations]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)
    assert content_key([{"b": b"2", "a": b"1"}], []) == keys[0]
