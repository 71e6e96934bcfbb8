"""Scaling by CPU."""

from typing import Any

import pytest

from lockstep.render import RenderedFolder
from lockstep.render.provenance import FILE_NAME, parse_provenance
from tests.unit.render.rendering import STABLE, cluster, render_one
from tests.unit.render.specs import HPA, NINETY, TEN, WARM, render_watched, serving


def test_an_autoscaler_by_cpu_owns_the_replicas_of_each_version() -> None:
    folder = render_one(serving(hpa=HPA))
    for version in ("41", "42"):
        spec = folder.manifests[f"horizontalpodautoscaler-v{version}.yaml"]["spec"]
        deployment = folder.manifests[f"deployment-v{version}.yaml"]
        assert spec["scaleTargetRef"] == {
            "apiVersion": deployment["apiVersion"],
            "kind": "Deployment",
            "name": deployment["metadata"]["name"],
        }
        assert spec["maxReplicas"] == 8
        # A new Deployment does not begin with 1 pod; one that gets an autoscaler keeps its own.
        assert deployment["spec"]["replicas"] == spec["minReplicas"]
        (metric,) = spec["metrics"]
        assert metric["resource"] == {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 70},
        }


BAD = {"name": "candidate", "version": "42", "weight": 0, "warm": True}
ARM = {"name": "arm", "version": "42", "weight": 10, "experiment": True}


def scaled(variants: list[dict[str, Any]], **more: Any) -> RenderedFolder:
    spec = cluster(variants=variants)
    spec["spec"]["serving"] |= {"hpa": HPA, **more}
    folder = render_one(spec)
    assert not folder.findings
    return folder


def floors(folder: RenderedFolder) -> dict[str, int]:
    """The fewest pods of each version, which are those that its Deployment begins with."""
    return {
        name.removeprefix("horizontalpodautoscaler-v").removesuffix(".yaml"): each["spec"][
            "minReplicas"
        ]
        for name, each in folder.manifests.items()
        if name.startswith("horizontalpodautoscaler-")
    }


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ([STABLE], {"41": 3}),
        ([STABLE, {**TEN, "weight": 0}], {"41": 3}),  # proposed: version 42 has no pods yet
        ([NINETY, TEN], {"41": 8, "42": 3}),
        ([{**STABLE, "version": "42"}, {**WARM, "version": "41"}], {"41": 8, "42": 3}),
        ([STABLE, BAD], {"41": 8, "42": 3}),  # shifted
        ([{**STABLE, "warm": True}], {"41": 8}),  # a restore started it again
        ([NINETY, ARM], {"41": 3, "42": 3}),
    ],
)
def test_the_version_that_a_rollback_returns_to_keeps_all_its_pods_in_production(
    variants: list[dict[str, Any]], expected: dict[str, int]
) -> None:
    assert floors(scaled(variants)) == expected


def test_the_spec_has_the_last_word_about_warm_replicas() -> None:
    assert floors(scaled([NINETY, TEN], warmReplicas=5)) == {"41": 5, "42": 3}


def test_a_floor_is_an_input() -> None:
    inputs = [
        parse_provenance(scaled(each).files[FILE_NAME]).inputs["spec"]
        for each in ([STABLE], [{**STABLE, "warm": True}])
    ]
    assert inputs[0] != inputs[1]


def test_pods_go_slowly_because_a_restore_lowers_the_floor_as_traffic_comes_back() -> None:
    keda = render_watched(serving(keda={"maxReplicas": 8, "requestsPerSecond": 50}))
    config = keda.manifests["scaledobject-v41.yaml"]["spec"]["advanced"]
    behavior = scaled([STABLE]).manifests["horizontalpodautoscaler-v41.yaml"]["spec"]["behavior"]
    (policy,) = behavior["scaleDown"]["policies"]
    assert (policy["type"], policy["value"], policy["periodSeconds"]) == ("Percent", 10, 300)
    assert config == {"horizontalPodAutoscalerConfig": {"behavior": behavior}}
