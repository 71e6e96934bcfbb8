"""Rollouts and rollbacks by commits, on a real Argo CD, while the cluster is watched."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.applications import is_settled, said
from tests.lab.fleet import LabFleet
from tests.lab.recorder import Recorder, unserved, weighted
from tests.lab.rolling import (
    EU,
    US,
    advance,
    assert_as_committed,
    live_fleet,
    operation,
    terminate,
    waits_for_pods,
)
from tests.lab.waiting import wait_until


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """A family in two regions that serves version 1, live; its steps bake for a second."""
    with live_fleet(lab, "rollout", tmp_path_factory.mktemp("rollout")) as fleet:
        yield fleet


def arrive(fleet: LabFleet) -> None:
    fleet.wait_synced()
    assert_as_committed(fleet)


def weights(fleet: LabFleet, cluster: str) -> dict[str, int]:
    route = fleet.live("virtualservices.networking.istio.io", cluster, "rollout-scoring")
    assert route is not None
    return {subset: weight for _, subset, weight in weighted(route)}


def declared(fleet: LabFleet, cluster: str) -> dict[str, int]:
    """The weights that Prometheus has from git, by version, to compare the live ones with."""
    name = f"{cluster}-weights"
    rule = fleet.live("prometheusrules.monitoring.coreos.com", name, "rollout-scoring")
    assert rule is not None
    (group,) = rule["spec"]["groups"]
    return {f"v{each['labels']['lockstep_version']}": each["expr"] for each in group["rules"]}


def assert_declared(fleet: LabFleet, cluster: str) -> None:
    """The declared weights are those of the routes; a version without any has 0 or no rule."""
    live = {subset: weight for subset, weight in weights(fleet, cluster).items() if weight}
    assert {slug: weight for slug, weight in declared(fleet, cluster).items() if weight} == live


def brought(fleet: LabFleet, cluster: str) -> list[str]:
    """The commits that Argo CD has synced, oldest first; the last one may have been in part.

    It compares an Application whose objects have changed with the commit that it compared before.
    Where that one is not live yet, it syncs the objects that differ, and no history shows that.
    """
    status = fleet.application(cluster)["status"]
    entries: list[Mapping[str, Any]] = status["history"]
    last = status["operationState"]["syncResult"]["revision"]
    return list(dict.fromkeys([*(each["revision"] for each in entries), last]))


def assert_always_served(recorder: Recorder) -> None:
    """No version had traffic, at any moment, without a subset and all of its pods."""
    moments = 0
    for change, live in recorder.moments():
        assert not unserved(live), f"at {change.revision}, {change.key}: {unserved(live)}"
        moments += 1
    assert moments


def test_each_commit_of_a_rollout_arrives(fleet: LabFleet, lab: Lab) -> None:
    """One of them while Argo CD still syncs the commit before: it has a sync of its own."""
    with Recorder(lab.kubeconfig, fleet.selector) as recorder:
        fleet.merge_proposal("2")
        arrive(fleet)
        assert weights(fleet, US) == weights(fleet, EU) == {"v1": 100}

        lab.pause("scheduler")
        try:
            advance(fleet)
            step = fleet.tip()
            fleet.refresh()
            waits_for_pods(fleet, US, step)
            assert weights(fleet, US) == {"v1": 100}  # no traffic for pods that do not run
            fleet.edit("clusters/rollout/scoring/family.yaml", "timeout: 2s", "timeout: 3s")
            edited = fleet.publish("Wait longer for answers")
            fleet.refresh()
            wait_until(
                lambda: fleet.application(US)["status"]["sync"]["revision"] == edited, 60,
                lambda: said(fleet.application(US)),
            )  # fmt: skip
            assert operation(fleet, US)["syncResult"]["revision"] == step
        finally:
            lab.resume("scheduler")
        arrive(fleet)
        assert brought(fleet, US)[-2:] == [step, edited]
        assert weights(fleet, US) == {"v1": 90, "v2": 10}
        assert declared(fleet, US) == {"v1": 90, "v2": 10}
        assert_declared(fleet, EU)

        for wanted in (
            ({"v2": 100}, {"v1": 100}),
            ({"v2": 100}, {"v1": 90, "v2": 10}),
            ({"v2": 100}, {"v2": 100}),
            ({"v2": 100}, {"v2": 100}),  # verified: the old version goes
        ):
            advance(fleet)
            arrive(fleet)
            assert (weights(fleet, US), weights(fleet, EU)) == wanted
            assert_declared(fleet, US)
            assert_declared(fleet, EU)
    assert_always_served(recorder)
    deployments = fleet.listed("deployments.apps")
    assert sorted(each["metadata"]["name"] for each in deployments) == [f"{EU}-v2", f"{US}-v2"]


def test_a_rollback_arrives_while_a_sync_waits_for_pods_that_never_start(
    fleet: LabFleet, lab: Lab
) -> None:
    """At once where the candidate has traffic, and elsewhere once that sync is terminated."""
    verified = fleet.rendered("clusters/*/*.yaml")
    with Recorder(lab.kubeconfig, fleet.selector) as recorder:
        fleet.merge_proposal("3")
        for _ in range(2):
            advance(fleet)
            arrive(fleet)
        assert weights(fleet, US) == {"v3": 100}

        lab.pause("scheduler")
        try:
            advance(fleet)
            step = fleet.tip()
            fleet.refresh()
            waits_for_pods(fleet, EU, step)
            fleet.must("revert", "rollout/scoring", "--reason", "it answers nonsense")
            rollback = fleet.tip()
            fleet.refresh()
            wait_until(
                lambda: is_settled(fleet.application(US), rollback), 90,
                lambda: said(fleet.application(US)),
            )  # fmt: skip
            assert weights(fleet, US) == {"v2": 100}
            assert_declared(fleet, US)
            wait_until(
                lambda: fleet.application(EU)["status"]["sync"]["revision"] == rollback, 60,
                lambda: said(fleet.application(EU)),
            )  # fmt: skip
            # It has seen the rollback, and does not take it before its operation has ended.
            assert operation(fleet, EU)["phase"] == "Running"
            assert operation(fleet, EU)["syncResult"]["revision"] == step
            terminate(fleet, EU)
            arrive(fleet)
        finally:
            lab.resume("scheduler")
    assert fleet.rendered("clusters/*/*.yaml") == verified
    assert_declared(fleet, US)
    assert_declared(fleet, EU)
    assert_always_served(recorder)
    gone = f"{EU}-v3"
    assert fleet.live("deployments.apps", gone, "rollout-scoring") is None
    assert all(
        subset != "v3"
        for change, _ in recorder.moments()
        if change.after and change.key[0] == "VirtualService" and change.key[2] == EU
        for _, subset, _ in weighted(change.after)
    )
