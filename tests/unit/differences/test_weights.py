"""How the split of routes changes, by version."""

from typing import Any

from lockstep.differences.weights import shares_of
from tests.unit.differences.manifests import (
    Manifest,
    compared,
    edited,
    folder,
    manifest,
    routes,
    serving,
    subset,
)


def changes(before: Manifest, after: Manifest) -> tuple[list[tuple[Any, ...]], list[str]]:
    rules = [subset(version) for version in "123"]
    (found,) = compared([*rules, before], [*rules, after])
    weights = [(w.route, w.version, w.before, w.after) for w in found.weights]
    return weights, [field.path for field in found.fields]


def test_weights_are_said_by_version_and_not_again_as_fields() -> None:
    weights, fields = changes(routes({"1": 90, "2": 10}), routes({"1": 100, "3": 0}))
    assert weights == [("weighted", "1", 90, 100), ("weighted", "2", 10, 0)]
    assert fields == []


def test_a_single_destination_has_everything_whatever_its_weight() -> None:
    weights, _ = changes(routes({"1": 1}), routes({"1": 50, "2": 50}))
    assert weights == [("weighted", "1", 100, 50), ("weighted", "2", 0, 50)]


def test_other_fields_of_a_route_stay_fields() -> None:
    after = edited(routes({"1": 80, "2": 20}), "spec", "http", 0, "timeout", value="3s")
    weights, fields = changes(routes({"1": 90, "2": 10}), after)
    assert len(weights) == 2 and fields == ["spec.http[weighted].timeout"]


def test_another_host_is_never_hidden_by_weights() -> None:
    after = routes({"1": 80, "2": 20})
    place = ("spec", "http", 0, "route", 1, "destination", "host")
    _, fields = changes(
        routes({"1": 90, "2": 10}), edited(after, *place, value="other.example.com")
    )
    assert "spec.http[weighted].route[v2].destination.host" in fields
    assert "spec.http[weighted].route[v2].weight" in fields


def test_a_version_without_a_subset_is_called_by_what_the_route_says() -> None:
    weights, _ = changes(routes({"9": 90, "1": 10}), routes({"9": 80, "1": 20}))
    assert weights[0] == ("weighted", "v9", 90, 80)


def test_connections_of_a_port_are_routes_too() -> None:
    def tcp(weight: int) -> Manifest:
        route = routes({"1": weight, "2": 100 - weight})["spec"]["http"][0]["route"]
        spec = {"tcp": [{"match": [{"port": 9000}], "route": route}]}
        return manifest("VirtualService", "", spec)

    assert changes(tcp(90), tcp(80))[0] == [("port 9000", "1", 90, 80), ("port 9000", "2", 10, 20)]


def test_new_and_removed_routes_have_no_change_of_weights() -> None:
    (new,) = compared([], [routes({"1": 100})])
    assert new.weights == ()
    weights, fields = changes(routes({"1": 100}), routes({"1": 100}, name="other"))
    assert weights == [] and fields == ["spec.http[weighted]", "spec.http[other]"]


def test_weights_that_are_no_numbers_count_as_none() -> None:
    odd = edited(routes({"1": 90, "2": 10}), "spec", "http", 0, "route", 1, "weight", value="many")
    assert shares_of(folder([], [subset("1"), subset("2"), odd]), head=True) == {"1": 90}
    assert shares_of(folder([], serving({"1": 0, "2": 7})), head=True) == {"2": 7}
    assert shares_of(folder([], [manifest("VirtualService", "", {"http": "x"})]), head=True) == {}
