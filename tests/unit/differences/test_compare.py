"""Folders become objects that differ: identity, order, bounds."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lockstep.differences.compare import compare_folders
from lockstep.model.differences import ChangeType, FleetDiff
from tests.unit.differences.manifests import (
    CLUSTER,
    SECRETS,
    Manifest,
    application,
    compared,
    deployment,
    edited,
    folder,
    manifest,
    serving,
)

EVERY = [*serving({"1": 90, "2": 10}), application(), manifest("Service", "")]
VERSION = {"lockstep.dev/version": "1"}
IMAGE = ("spec", "template", "spec", "containers", 0, "image")


@given(
    st.lists(st.sampled_from(EVERY), unique_by=id), st.lists(st.sampled_from(EVERY), unique_by=id)
)
def test_what_one_direction_adds_the_other_removes(
    before: list[Manifest], after: list[Manifest]
) -> None:
    def names(one: list[Manifest], other: list[Manifest], kind: ChangeType) -> set[tuple[str, str]]:
        return {(o.kind, o.name) for o in compared(one, other) if o.change is kind}

    assert names(before, after, ChangeType.ADDED) == names(after, before, ChangeType.REMOVED)
    assert names(before, after, ChangeType.REMOVED) == names(after, before, ChangeType.ADDED)
    assert names(before, after, ChangeType.CHANGED) == set()
    assert compared(before, before) == ()


def test_another_file_or_api_version_is_the_same_object_and_another_name_is_not() -> None:
    old = deployment()
    (moved,) = compared([old], [manifest("Service", ""), old])
    assert moved.kind == "Service"
    (newer,) = compared([old], [{**old, "apiVersion": "apps/v2"}])
    assert [(f.path, f.before, f.after) for f in newer.fields] == [
        ("apiVersion", "apps/v1", "apps/v2")
    ]
    found = compared([old], [edited(old, "metadata", "name", value="other")], production=False)
    assert [each.change for each in found] == ["removed", "added"]


def test_two_objects_with_one_identity_are_both_compared() -> None:
    old = deployment()
    (found,) = compared([old, old], [old, edited(old, "spec", "replicas", value=9)])
    assert found.fields[0].after == 9


def test_roles_are_the_same_in_all_clusters() -> None:
    found = compared([], [deployment(), application(), manifest("Service", "")])
    assert sorted((each.kind, each.role) for each in found) == [
        ("Application", ""), ("Deployment", "v1"), ("Service", ""),
    ]  # fmt: skip
    cut = {**deployment(), "metadata": {"name": "fraud-eu-8231d669-v1", "labels": VERSION}}
    assert [each.role for each in compared([], [cut])] == ["v1"]
    (other,) = compared([], [manifest("AppProject", "")], cluster="", family="")
    assert other.role == CLUSTER and other.owner == "prod"


def test_dangerous_objects_come_first_the_worst_before_all() -> None:
    before = serving({"1": 100})
    selector = edited(deployment("9"), "spec", "selector", value={})
    restarted = edited(before[0], *IMAGE, value="x")
    project = edited(manifest("Service", "z", {}), "spec", "x", value=1)
    after = [restarted, *before[1:], project, selector]
    found = compared([*before, deployment("9"), manifest("Service", "z", {})], after)
    assert [each.role for each in found] == ["v9", "v1", "z"]


def test_long_values_are_cut_and_counted_and_everything_can_be_read_back() -> None:
    old = deployment()
    long = edited(old, *IMAGE, value="x" * 70_000)
    (found,) = compared([old], [long])
    assert len(found.fields[0].after) < 1_100
    assert found.fields[0].after.endswith("(69000 more characters)")
    wide = edited(old, "spec", "template", "spec", "affinity", value={"a": ["b" * 50] * 100})
    (other,) = compared([old], [wide])
    assert isinstance(other.fields[0].after, str)
    named = edited(old, "metadata", "name", value="n" * 5_000)
    diff = FleetDiff("main", objects=(found, other, *compared([], [named])))
    assert FleetDiff.from_json(json.loads(json.dumps(diff.to_json()))) == diff


def test_hostile_shapes_are_differences_and_no_errors() -> None:
    odd: list[Any] = [
        {}, {"kind": ["x"], "metadata": "x", "spec": []},
        {"kind": "Deployment", "metadata": {"name": 1}, "spec": {"template": {"spec": "x"}}},
        {"kind": "VirtualService", "spec": {"http": [1, {"route": [1, {"destination": 3}]}]}},
        {"kind": "DestinationRule", "spec": {"subsets": [{"labels": []}, 3]}},
        {"kind": "ScaledObject", "spec": {"scaleTargetRef": 4}},
        {"kind": "ServiceAccount", "metadata": {"annotations": ["x"]}},
        {"kind": "ServiceAccount", "metadata": {"annotations": "x"}},
        {"kind": "AppProject", "spec": {"destinations": {"a": 1}}},
    ]  # fmt: skip
    for each in odd:
        for other in [*odd, *EVERY]:
            compared([each], [other])
            compared([other], [each])


def test_families_are_in_order() -> None:
    folders = [
        folder([], [manifest("Service", "")], family=family, region=region, environment=home)
        for home, family, region in [
            ("b", "f", "r1"),
            ("a", "g", "r2"),
            ("a", "f", "r2"),
            ("a", "f", "r1"),
        ]
    ]
    found = compare_folders(folders, {}, SECRETS)
    assert [(o.owner, o.region) for o in found] == [
        ("a/f", "r1"), ("a/f", "r2"), ("a/g", "r2"), ("b/f", "r1"),
    ]  # fmt: skip
