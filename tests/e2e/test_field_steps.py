"""Changes that take more than one step, as docs/how-to/change-what-runs.md has them, in Argo CD.

At no moment, of all that the API server had, are there fewer pods for the traffic than before.
"""

from collections.abc import Iterator, Mapping

import pytest

from tests.acceptance.world import EXAMPLE
from tests.lab import Lab
from tests.lab.fleet import LabFleet
from tests.lab.recorder import Key, Object, Recorder
from tests.lab.waiting import wait_until

FAMILY = "clusters/steps/scoring/family.yaml"
HOME = "steps-scoring"


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """A family in two regions, Synced and Healthy."""
    fleet = LabFleet.create(lab, "steps", EXAMPLE / "prod", tmp_path_factory.mktemp("steps"))
    fleet.put_platform()
    try:
        with fleet.play_operators():
            fleet.apply_root()
            fleet.wait_synced(timeout=240)
            yield fleet
    finally:
        fleet.remove()


def fewest(recorder: Recorder) -> int:
    """The fewest ready pods that a Deployment had at any moment."""
    return min(
        int(each.get("status", {}).get("readyReplicas", 0))
        for _, live in recorder.moments()
        for (kind, _, _), each in live.items()
        if kind == "Deployment"
    )


def ready(live: Mapping[Key, Object], namespace: str) -> int:
    """How many Deployments of a namespace have all of their pods."""
    return sum(
        each.get("status", {}).get("readyReplicas", 0) >= each["spec"]["replicas"]
        for (kind, home, _), each in live.items()
        if (kind, home) == ("Deployment", namespace)
    )


def test_an_autoscaler_goes_without_its_pods(fleet: LabFleet) -> None:
    fleet.edit(FAMILY, "replicas: 2", "replicas: 2\n      hpa: {maxReplicas: 4, cpu: 70}")
    fleet.publish("an autoscaler")
    fleet.wait_synced(timeout=240)
    # What the autoscaler would do under load.
    fleet.kubectl("scale", "deployments", "--all", f"--namespace={HOME}", "--replicas=4")

    def scaled() -> bool:
        found = fleet.listed("deployments.apps", HOME)
        return all(each["status"].get("readyReplicas") == 4 for each in found)

    wait_until(scaled, 60, lambda: fleet.kubectl("get", "deployments", f"--namespace={HOME}"))
    with Recorder(fleet.lab.kubeconfig, fleet.selector) as recorder:
        fleet.edit(FAMILY, "replicas: 2\n      hpa: {maxReplicas: 4, cpu: 70}", "replicas: 4")
        fleet.publish("as many pods as it may have had")
        fleet.wait_synced(timeout=240)
    assert fewest(recorder) == 4
    assert fleet.listed("horizontalpodautoscalers.autoscaling") == []


def test_another_namespace_is_ready_before_the_old_one_is_emptied(fleet: LabFleet) -> None:
    with Recorder(fleet.lab.kubeconfig, fleet.selector) as recorder:
        fleet.edit(FAMILY, f"namespace: {HOME}", "namespace: steps-other")
        fleet.publish("another namespace")
        fleet.wait_synced(timeout=240)
    for change, live in recorder.moments():
        if change.key[1] == HOME and change.after is None:
            # That of the same cluster, whose Application makes and deletes both.
            name = change.key[2]
            assert (change.key[0], "steps-other", name) in live
            assert ready(live, "steps-other") > 0
    assert not any(home == HOME for (_, home, _) in live)
    assert ready(live, "steps-other") == 2
