"""Weight of a version without pods."""

import pytest

from tests.unit.differences.manifests import (
    Manifest,
    dangers,
    deployment,
    edited,
    manifest,
    routes,
    serving,
    subset,
)

BEFORE = serving({"1": 100})


def capacity(before: list[Manifest], after: list[Manifest]) -> list[str]:
    every = dangers(before, after)
    return [text.partition(": ")[2] for text in every if text.startswith("no-capacity")]


def autoscaler(kind: str, field: str, floor: int | None) -> Manifest:
    name = deployment()["metadata"]["name"]
    spec = {"scaleTargetRef": {"name": name}, **({} if floor is None else {field: floor})}
    return manifest(kind, "v1", spec)


def test_weight_of_a_version_without_a_deployment_is_named() -> None:
    after = [*BEFORE[:2], subset("2"), routes({"1": 90, "2": 10})]
    assert capacity(BEFORE, after) == ["version 2 gets requests, and has no Deployment"]
    assert capacity(BEFORE, [*after, deployment("2")]) == []


def test_weight_of_a_subset_that_does_not_exist_is_named() -> None:
    after = [*BEFORE[:2], deployment("2"), routes({"1": 90, "2": 10})]
    assert capacity(BEFORE, after) == ["subset v2 gets requests, and no DestinationRule has it"]
    assert capacity(BEFORE, [*BEFORE[:2], routes({"1": 100, "2": 0})]) == []


def test_a_deployment_that_goes_while_it_has_traffic_is_named() -> None:
    assert capacity(BEFORE, BEFORE[1:]) == ["version 1 gets requests, and has no Deployment"]
    assert capacity(BEFORE, []) == []


def test_a_deployment_that_is_scaled_to_nothing_is_named() -> None:
    after = [edited(BEFORE[0], "spec", "replicas", value=0), *BEFORE[1:]]
    assert capacity(BEFORE, after) == ["version 1 gets requests, and its Deployment has 0 replicas"]
    # An autoscaler owns the replicas.
    floor = autoscaler("HorizontalPodAutoscaler", "minReplicas", None)
    assert capacity([*BEFORE, floor], [*after, floor]) == []


@pytest.mark.parametrize(
    ("kind", "field", "floor", "wrong"),
    [
        ("HorizontalPodAutoscaler", "minReplicas", 0, True),
        ("HorizontalPodAutoscaler", "minReplicas", 1, False),
        ("HorizontalPodAutoscaler", "minReplicas", None, False),
        ("ScaledObject", "minReplicaCount", 0, True),
        ("ScaledObject", "minReplicaCount", None, True),
        ("ScaledObject", "minReplicaCount", 2, False),
    ],
)
def test_an_autoscaler_that_may_scale_to_nothing_is_named(
    kind: str, field: str, floor: int | None, wrong: bool
) -> None:
    text = "version 1 gets requests, and its autoscaler may scale it to 0 pods"
    after = [*BEFORE, autoscaler(kind, field, floor)]
    assert capacity([*BEFORE, autoscaler(kind, field, 3)], after) == ([text] if wrong else [])


def test_what_was_so_before_is_not_said_of_another_change() -> None:
    before = [subset("1"), routes({"1": 100})]
    assert capacity(before, [subset("1"), edited(before[1], "spec", "hosts", value=["b"])]) == []


def test_labels_that_are_none_select_nothing() -> None:
    odd = edited(BEFORE[1], "spec", "subsets", 0, "labels", value=["x"])
    odd_pods = edited(BEFORE[0], "spec", "template", "metadata", "labels", value="x")
    assert capacity(BEFORE, [odd_pods, *BEFORE[1:]]) == [
        "version 1 gets requests, and has no Deployment"
    ]
    assert capacity(BEFORE, [BEFORE[0], odd, BEFORE[2]]) == []
