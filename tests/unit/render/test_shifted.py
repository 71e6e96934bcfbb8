"""A shift in place: no request reaches the bad version, and nothing else changes."""

import json
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.render.fleet import render_cluster
from lockstep.render.parse import parse_manifest
from lockstep.render.provenance import FILE_NAME, parse_provenance, restore_provenance
from lockstep.render.shifted import (
    TRAFFIC,
    WEIGHTS,
    CannotEdit,
    shifted_folder,
    with_floors,
    with_traffic_of,
)
from tests.unit.render import rendering
from tests.unit.render.rendering import STABLE, cluster, inputs_in, render_one, tree_of
from tests.unit.render.specs import render_watched

Files = dict[str, bytes]
ARM = {"name": "wild", "version": "43", "weight": 10, "experiment": True}
VERSIONS = ("41", "42", "43")


def variant(name: str, version: str, weight: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "weight": weight, **more}


def folder(*variants: dict[str, Any], sticky: bool = False) -> Files:
    traffic = {"bucketHeader": "x-bucket"} if sticky else None
    one = cluster(variants=list(variants), traffic=traffic)
    one["spec"]["serving"]["ports"] = {"tcp-peers": 9002}
    made = render_one(one, VERSIONS)
    assert not made.findings
    return dict(made.files)


def rolling(weight: int, *, sticky: bool = False, arm: bool = False) -> Files:
    """Version 42 at this weight; at the end 41 is only warm."""
    rest = 100 - weight - (10 if arm else 0)
    stable = variant("stable", "41", rest) if rest else variant("previous", "41", 0, warm=True)
    name = "candidate" if rest else "stable"
    return folder(stable, variant(name, "42", weight), *([ARM] if arm else []), sticky=sticky)


def routes(files: Files) -> list[Any]:
    spec = parse_manifest(files[TRAFFIC].decode())["spec"]
    return [*spec["http"], *spec["tcp"]]


def weights(route: Any) -> Counter[str]:
    """What a proxy sends where: a single destination gets everything."""
    counted: Counter[str] = Counter()
    for each in route["route"]:
        alone = len(route["route"]) == 1
        counted[each["destination"]["subset"]] += 100 if alone else each["weight"]
    return counted


@given(
    weight=st.integers(1, 89) | st.just(100), sticky=st.booleans(), arm=st.booleans()
)  # fmt: skip
def test_every_route_gives_the_bad_version_s_share_to_the_good_one(
    weight: int, sticky: bool, arm: bool
) -> None:
    arm = arm and weight < 90
    committed = rolling(weight, sticky=sticky, arm=arm)
    shifted = shifted_folder(committed, {"v42"}, "v41")
    assert [r.get("name") for r in routes(shifted)] == [r.get("name") for r in routes(committed)]
    for before, after in zip(
        map(weights, routes(committed)), map(weights, routes(shifted)), strict=True
    ):
        assert after["v42"] == 0
        assert after["v41"] == before["v41"] + before["v42"]
        assert after["v43"] == before["v43"]
    assert {n for n in committed if committed[n] != shifted[n]} == {TRAFFIC, FILE_NAME}
    assert parse_provenance(shifted[FILE_NAME]).holds(shifted)
    assert shifted_folder(shifted, {"v42"}, "v41") == shifted


@given(weight=st.integers(1, 100))
def test_the_last_route_is_what_the_shifted_spec_renders(weight: int) -> None:
    wanted = folder(STABLE, variant("candidate", "42", 0, warm=True))
    shifted = shifted_folder(rolling(weight), {"v42"}, "v41")
    assert +weights(routes(shifted)[-1]) == +weights(routes(wanted)[-1])


def test_only_the_scalars_change_and_all_other_bytes_stay() -> None:
    committed = rolling(30)
    text = committed[TRAFFIC].replace(b"spec:\n", b"# by an older template\nspec:\n", 1)
    shifted = shifted_folder({**committed, TRAFFIC: text}, {"v42"}, "v41")[TRAFFIC]
    assert shifted == text.replace(b"weight: 70", b"weight: 100").replace(
        b"weight: 30", b"weight: 0"
    )


def test_a_single_destination_gets_the_name_of_the_good_subset_as_it_was_written() -> None:
    committed = rolling(100)
    plain = committed[TRAFFIC].replace(b'subset: "v42"', b"subset: v42")
    for text in (committed[TRAFFIC], plain):
        shifted = shifted_folder({**committed, TRAFFIC: text}, {"v42"}, "v41")[TRAFFIC]
        assert shifted == text.replace(b"v42", b"v41")


def test_the_mark_of_a_restore_goes_because_the_bytes_are_no_longer_those() -> None:
    committed = rolling(30)
    old = committed[FILE_NAME]
    committed[FILE_NAME] = restore_provenance(old, inputs_in(old), "c" * 40)
    shifted = parse_provenance(shifted_folder(committed, {"v42"}, "v41")[FILE_NAME])
    assert shifted.restored_from is None and shifted.restored_for is None
    assert replace(shifted, outputs={}) == replace(parse_provenance(old), outputs={})


def test_a_provenance_that_people_broke_stays_as_it_is() -> None:
    committed = {**rolling(30), FILE_NAME: b"?"}
    assert shifted_folder(committed, {"v42"}, "v41")[FILE_NAME] == b"?"


@pytest.mark.parametrize(
    "gone", ["deployment-v41.yaml", "destinationrule-v41.yaml", "virtualservice.yaml"]
)
def test_a_folder_that_cannot_serve_the_good_version_is_refused(gone: str) -> None:
    committed = rolling(30)
    del committed[gone]
    with pytest.raises(CannotEdit, match=gone):
        shifted_folder(committed, {"v42"}, "v41")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"http:", b"tls:"), (b"tcp:", b"tcp: 1 #"), (b"subset:", b"version:"),
        (b"weight:", b"share:"), (b"weight: 70", b'weight: "70"'), (b"apiVersion", b"\xff"),
        (b"apiVersion:", b"- &a :"),
    ],
)  # fmt: skip
def test_routes_of_another_form_are_refused(old: bytes, new: bytes) -> None:
    committed = rolling(30)
    committed[TRAFFIC] = committed[TRAFFIC].replace(old, new)
    with pytest.raises(CannotEdit):
        shifted_folder(committed, {"v42"}, "v41")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_hostile_bytes_are_refused_and_never_a_traceback(data: bytes) -> None:
    with pytest.raises(CannotEdit):
        shifted_folder({**rolling(30), TRAFFIC: data}, {"v42"}, "v41")


def scaled(**serving: Any) -> Files:
    spec = cluster(variants=[STABLE, variant("candidate", "42", 0, warm=True)])
    spec["spec"]["serving"] |= {"hpa": {"maxReplicas": 9, "cpu": 70}, **serving}
    made = render_watched(spec)
    assert not made.findings
    return dict(made.files)


def test_floors_change_in_place_and_all_other_bytes_stay() -> None:
    committed = {n: d.replace(b"cpu", b"gpu") for n, d in scaled(warmReplicas=5).items()}
    raised = with_floors(committed, {"v41": 7})
    names = ("deployment-v41.yaml", "horizontalpodautoscaler-v41.yaml")
    for name, field in zip(names, (b"replicas", b"minReplicas"), strict=True):
        assert raised[name] == committed[name].replace(field + b": 5", field + b": 7")
        assert raised[name] != committed[name]
    assert {n for n in raised if raised[n] != committed[n]} == {*names, FILE_NAME}
    assert parse_provenance(raised[FILE_NAME]).holds(raised)
    assert with_floors(raised, {"v41": 7}) == raised


def test_the_floors_of_keda_change_too() -> None:
    keda = {"maxReplicas": 9, "requestsPerSecond": 50}
    raised = with_floors(scaled(hpa=None, keda=keda), {"v42": 4})
    spec = parse_manifest(raised["scaledobject-v42.yaml"].decode())["spec"]
    assert (spec["minReplicaCount"], spec["fallback"]["replicas"]) == (4, 4)
    assert parse_manifest(raised["deployment-v42.yaml"].decode())["spec"]["replicas"] == 4


def test_a_scaler_of_an_older_template_gets_its_floor_without_a_fallback() -> None:
    committed = scaled(hpa=None, keda={"maxReplicas": 9, "requestsPerSecond": 50})
    name = "scaledobject-v42.yaml"
    before, fallback, after = committed[name].partition(b"  fallback:\n")
    assert fallback
    committed[name] = before + b"  triggers:\n" + after.partition(b"  triggers:\n")[2]
    spec = parse_manifest(with_floors(committed, {"v42": 4})[name].decode())["spec"]
    assert spec["minReplicaCount"] == 4
    assert "fallback" not in spec


def test_a_floor_is_never_above_the_committed_maximum_which_kubernetes_would_refuse() -> None:
    raised = with_floors(scaled(), {"v41": 12})
    spec = parse_manifest(raised["horizontalpodautoscaler-v41.yaml"].decode())["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (9, 9)
    assert parse_manifest(raised["deployment-v41.yaml"].decode())["spec"]["replicas"] == 9


def test_a_folder_without_autoscalers_keeps_its_replicas() -> None:
    committed = folder(STABLE)
    assert with_floors(committed, {"v41": 7}) == committed


@pytest.mark.parametrize("data", [b"\xff", b"a: [b", b"kind: a\n"])
def test_a_floor_that_cannot_be_edited_stays_as_it_is(data: bytes) -> None:
    committed = {**scaled(), "horizontalpodautoscaler-v41.yaml": data}
    raised = with_floors(committed, {"v41": 7})
    assert raised["horizontalpodautoscaler-v41.yaml"] == data


def test_routes_are_taken_from_a_rendering_with_what_the_folder_lacks() -> None:
    after = folder(STABLE, variant("candidate", "42", 0, warm=True))
    committed = {n: d.replace(b"cpu", b"gpu") for n, d in rolling(30).items()}
    del committed["deployment-v41.yaml"]
    shifted = with_traffic_of(committed, after)
    assert shifted[TRAFFIC] == after[TRAFFIC]
    assert shifted["deployment-v41.yaml"] == after["deployment-v41.yaml"]
    assert shifted["deployment-v42.yaml"] == committed["deployment-v42.yaml"]
    assert json.loads(shifted[FILE_NAME])["outputs"].keys() == shifted.keys() - {FILE_NAME}


def watched_folder(*variants: dict[str, Any]) -> Files:
    """A committed folder of an environment that says who watches."""
    tree = tree_of(cluster(variants=list(variants)), versions=VERSIONS)
    environment: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    watched = {"labels": {"release": "monitoring"}, "namespace": "monitoring"}
    environment["spec"]["observability"] = watched
    tree["clusters/prod/environment.yaml"] = rendering.dump(environment)
    whole, family = rendering.only_family(rendering.fleet_of(tree))
    made = render_cluster(family.clusters[0], family, whole, rendering.templates())
    assert not made.findings
    return dict(made.files)


def declared(files: Files) -> dict[str, int]:
    """The weights that the alert compares with, by slug."""
    (group,) = parse_manifest(files[WEIGHTS].decode())["spec"]["groups"]
    return {f"v{rule['labels']['lockstep_version']}": rule["expr"] for rule in group["rules"]}


@given(weight=st.integers(1, 89) | st.just(100), arm=st.booleans())
def test_routes_and_declared_weights_agree_before_and_after_a_shift(weight: int, arm: bool) -> None:
    arm = arm and weight < 90
    rest = 100 - weight - (10 if arm else 0)
    stable = variant("stable", "41", rest) if rest else variant("previous", "41", 0, warm=True)
    committed = watched_folder(stable, variant("candidate", "42", weight), *([ARM] if arm else []))
    shifted = shifted_folder(committed, {"v42"}, "v41")
    for files in (committed, shifted):
        assert +Counter(declared(files)) == +weights(parse_route(files))
    changed = {n for n in committed if committed[n] != shifted[n]}
    assert changed == {TRAFFIC, WEIGHTS, FILE_NAME}
    assert parse_provenance(shifted[FILE_NAME]).holds(shifted)
    assert shifted_folder(shifted, {"v42"}, "v41") == shifted


def parse_route(files: Files) -> Any:
    return parse_manifest(files[TRAFFIC].decode())["spec"]["http"][-1]


@pytest.mark.parametrize("data", [b"\xff", b"a: [b", b"kind: a\n", b"spec:\n  groups: []\n"])
def test_weights_that_cannot_be_edited_keep_no_traffic_from_moving(data: bytes) -> None:
    committed = watched_folder(variant("stable", "41", 70), variant("candidate", "42", 30))
    shifted = shifted_folder({**committed, WEIGHTS: data}, {"v42"}, "v41")
    assert shifted[WEIGHTS] == data
    assert weights(parse_route(shifted))["v42"] == 0


def test_declared_weights_come_with_the_routes_of_a_rendering() -> None:
    after = watched_folder(STABLE, variant("candidate", "42", 0, warm=True))
    before = watched_folder(variant("stable", "41", 70), variant("candidate", "42", 30))
    assert declared(with_traffic_of(before, after)) == {"v41": 100, "v42": 0}
