"""Items of lists are the same by what identifies them."""

from typing import Any

from lockstep.differences.pairs import pair_items


def pairs(field: str, before: list[Any], after: list[Any]) -> list[tuple[str, Any, Any]]:
    found = pair_items(("spec", field), before, after)
    assert found is not None
    return [tuple(each) for each in found.items]


def test_mappings_are_paired_by_name_and_not_by_index() -> None:
    a, b, c = ({"name": name} for name in "abc")
    assert pairs("volumes", [a, b], [c, a, b]) == [("a", a, a), ("b", b, b), ("c", None, c)]


def test_each_list_has_its_own_identity() -> None:
    port = {"containerPort": 80, "protocol": "TCP"}
    assert pairs("ports", [port], [port]) == [("80 TCP", port, port)]
    mount = {"name": "scratch", "mountPath": "/tmp"}
    other = {"name": "scratch", "mountPath": "/cache"}
    assert pairs("volumeMounts", [mount], [other])[0] == ("/tmp", mount, None)
    kind = {"group": "", "kind": "Pod"}
    assert pairs("namespaceResourceWhitelist", [kind], []) == [(" Pod", kind, None)]


def test_destinations_are_paired_by_subset_and_where_that_is_not_enough_by_host_too() -> None:
    def to(subset: str, host: str) -> dict[str, Any]:
        return {"destination": {"subset": subset, "host": host}}

    old, new = to("v1", "a"), to("v1", "b")
    assert pairs("route", [old], [new]) == [("v1", old, new)]
    assert pairs("route", [old, new], [new]) == [("v1 a", old, None), ("v1 b", new, new)]


def test_texts_are_a_set_and_commands_a_sequence() -> None:
    assert pairs("hosts", ["a", "b"], ["b", "c"]) == [
        ("a", "a", None), ("b", "b", "b"), ("c", None, "c"),
    ]  # fmt: skip
    assert pair_items(("spec", "args"), ["a", "b"], ["b", "a"]) is None
    assert pair_items(("spec", "hosts"), ["a", "a"], ["a"]) is None
    assert pair_items(("spec", "mixed"), ["a", {"name": "a"}], []) is None
    assert pair_items(("spec", "nested"), [["a"]], [["b"]]) is None


def test_items_without_an_identity_are_paired_by_content_so_that_an_insertion_is_one_change() -> (
    None
):
    one, two, new = ({"weight": number} for number in (1, 2, 3))
    assert pairs("preferences", [one, two], [new, one, two]) == [("0", None, new)]
    assert pairs("preferences", [one, two], [one, new]) == [("1", two, new)]
    assert pairs("preferences", [one, one], [one]) == [("1", one, None)]


def test_the_order_counts_for_routes_and_in_templates_of_pods_only() -> None:
    a, b = {"name": "a"}, {"name": "b"}

    def moved(*at: str) -> object:
        found = pair_items(at, [a, b], [{"name": "c"}, b, a])
        return found and found.moved

    assert moved("spec", "http") == (["a", "b"], ["b", "a"])
    assert moved("spec", "template", "spec", "containers") == (["a", "b"], ["b", "a"])
    assert moved("spec", "subsets") is None
