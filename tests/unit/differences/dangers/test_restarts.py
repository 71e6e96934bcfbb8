"""Versions with traffic whose pods restart at the merge."""

import pytest

from lockstep.differences.compare import compare_folders
from tests.unit.differences.manifests import (
    SECRETS,
    Manifest,
    dangers,
    deployment,
    edited,
    folder,
    routes,
    serving,
)

POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
NEXT = "it restarts in eu-west-1 at the merge, without a canary; undo by git revert and render"


def restarts(before: list[Manifest], after: list[Manifest]) -> list[str]:
    every = dangers(before, after)
    return [text.partition(": ")[2] for text in every if text.startswith("restart")]


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        (("image",), "x", "image"),
        (("command",), ["serve"], "command"),
        (("args",), ["--fast"], "args"),
        (("env",), [{"name": "A", "value": "3"}, {"name": "B", "value": "2"}], "env"),
        (("livenessProbe",), {"periodSeconds": 1}, "pod template"),
    ],
)
def test_each_change_of_the_pods_of_a_version_with_traffic_is_named(
    field: tuple[str], value: object, what: str
) -> None:
    before = serving({"1": 100})
    after = [edited(before[0], *CONTAINER, *field, value=value), *before[1:]]
    assert restarts(before, after) == [f"{what} of a version with traffic: {NEXT}"]


def test_another_order_of_variables_restarts_pods_too() -> None:
    before = serving({"1": 100})
    env = before[0]["spec"]["template"]["spec"]["containers"][0]["env"][::-1]
    after = [edited(before[0], *CONTAINER, "env", value=env), *before[1:]]
    assert restarts(before, after) == [f"env of a version with traffic: {NEXT}"]


def test_without_traffic_or_another_template_nothing_restarts() -> None:
    before = [*serving({"1": 100}), deployment("2")]
    assert restarts(before, [*before[:3], edited(before[3], *CONTAINER, "image", value="x")]) == []
    assert restarts(before, [edited(before[0], "spec", "replicas", value=9), *before[1:]]) == []
    assert restarts(before, [*before, deployment("3")]) == []


def test_traffic_on_either_side_counts() -> None:
    before = [*serving({"1": 100, "2": 0})]
    new = edited(before[2], *CONTAINER, "image", value="x")
    after = [*before[:2], new, before[3], routes({"1": 90, "2": 10})]
    assert len(restarts(before, after)) == 1
    losing = [edited(before[0], *CONTAINER, "image", value="x"), *before[1:4], routes({"2": 100})]
    assert len(restarts(before, losing)) == 1


def test_a_version_that_cannot_be_known_may_have_traffic() -> None:
    old = edited(deployment(), "spec", "template", "metadata", "labels", value={})
    new = edited(old, *CONTAINER, "image", value="x")
    assert restarts([old], [new]) == [f"image of a version with traffic: {NEXT}"]


@pytest.mark.parametrize(
    ("regions", "clusters", "where"),
    [
        (3, 3, "every region"),
        (2, 3, "r0 and r1"),
        (6, 9, "6 of 9 regions"),
    ],
)
def test_the_regions_are_those_that_restart(regions: int, clusters: int, where: str) -> None:
    before = serving({"1": 100})
    after = [edited(before[0], *CONTAINER, "image", value="x"), *before[1:]]
    folders = [folder(before, after, region=f"r{number}") for number in range(regions)]
    found = compare_folders(folders, {("prod", "fraud"): clusters}, SECRETS)
    texts = {danger.text for each in found for danger in each.dangers}
    assert texts == {
        f"image of a version with traffic: it restarts in {where} at the merge, without a "
        "canary; undo by git revert and render"
    }
