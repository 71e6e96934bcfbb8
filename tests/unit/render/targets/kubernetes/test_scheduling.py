"""Where the pods of a version run."""

from typing import Any

import pytest

from tests.unit.render.rendering import render_one
from tests.unit.render.specs import pod_of, serving


def spread(key: str, version: str, **more: Any) -> dict[str, Any]:
    labels = {"lockstep.dev/cluster": "fraud-eu", "lockstep.dev/version": version}
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
        "matchLabelKeys": ["pod-template-hash"],
    } | more


ZONE, NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


@pytest.mark.parametrize("zones", [None, 1])
def test_pods_are_spread_over_nodes(zones: int | None) -> None:
    folder = render_one(serving(**({"zones": zones} if zones else {})))
    for version in ("41", "42"):
        pod = pod_of(folder, version)["spec"]
        assert pod["topologySpreadConstraints"] == [spread(NODE, version)]


def test_pods_are_spread_over_zones_and_run_on_when_one_is_lost() -> None:
    pod = pod_of(render_one(serving(zones=3)))["spec"]
    assert pod["topologySpreadConstraints"] == [spread(ZONE, "41"), spread(NODE, "41")]


def test_pods_can_wait_for_a_zone() -> None:
    pod = pod_of(render_one(serving(zones=3, whenUnsatisfiable="DoNotSchedule")))["spec"]
    waits = {"whenUnsatisfiable": "DoNotSchedule", "minDomains": 3}
    assert pod["topologySpreadConstraints"] == [spread(ZONE, "41", **waits), spread(NODE, "41")]


TERM = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}
OF_POD = {
    "nodeSelector": {"node.kubernetes.io/instance-type": "g5.xlarge"},
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [TERM]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "preference": TERM}],
        }
    },
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "priorityClassName": "online",
    "runtimeClassName": "nvidia",
    "imagePullSecrets": [{"name": "registry-pull"}],
}


def test_what_kubernetes_names_is_rendered_as_it_is_written() -> None:
    folder = render_one(serving(**OF_POD))
    assert folder.findings == ()
    assert OF_POD.items() <= pod_of(folder)["spec"].items()
    assert not OF_POD.keys() & pod_of(render_one(serving()))["spec"].keys()
