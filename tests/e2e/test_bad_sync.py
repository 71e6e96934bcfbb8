"""The verbs while the cluster does not follow: nothing is taken for success, and they say why."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from lockstep.argocd.client import TOKEN_VARIABLE
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

ENVIRONMENT = "badsync"
FAMILY = f"{ENVIRONMENT}/scoring"
NAMESPACE = f"{ENVIRONMENT}-scoring"
LOOK = f"see: argocd app get argocd/{ENVIRONMENT}-"


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """A family in two regions that serves version 1, live, with a gate on Argo CD."""
    folder = tmp_path_factory.mktemp(ENVIRONMENT)
    with live_fleet(lab, ENVIRONMENT, folder, gate=True) as fleet:
        yield fleet


@pytest.fixture(autouse=True)
def token(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, lab.argocd_token)


def stays(fleet: LabFleet, *words: str) -> str:
    """Run advance, which must commit nothing, exit with 12 and say these words; what it said."""
    before = fleet.tip()
    code, text = fleet.lockstep("advance", FAMILY)
    assert (code, fleet.tip()) == (12, before), text
    for each in words:
        assert each in text, text
    return text


def stays_and_says(fleet: LabFleet, *words: str) -> None:
    """As ``stays``, until Argo CD has come as far as the words say."""
    last = ""

    def says() -> bool:
        nonlocal last
        last = stays(fleet)
        return all(each in last for each in words)

    wait_until(says, 90, lambda: last)


def records(fleet: LabFleet) -> list[dict[str, Any]]:
    paths = sorted((fleet.clone / "ledger" / ENVIRONMENT / "scoring").glob("*.json"))
    return [json.loads(path.read_text())["spec"] for path in paths]


def weights(fleet: LabFleet, cluster: str) -> dict[str, int]:
    route = fleet.live("virtualservices.networking.istio.io", cluster, NAMESPACE)
    assert route is not None
    return {subset: weight for _, subset, weight in weighted(route)}


def test_a_rollout_leaves_no_step_before_the_cluster_has_it(fleet: LabFleet, lab: Lab) -> None:
    """Only the verb waits for Argo CD here, which is down for a while, first one half of it."""
    with Recorder(lab.kubeconfig, fleet.selector) as recorder:
        fleet.merge_proposal("2")
        fleet.wait_synced()
        lab.pause("argocd-controller")
        try:
            advance(fleet)
            # Its last words are still there.
            assert is_settled(fleet.application(US))
            stays(fleet, f"live in {US}", "Argo CD's application controller gave no answer")
        finally:
            lab.resume("argocd-controller")

        lab.stop("argocd-server")
        try:
            stays(fleet, f"live in {US}", "Argo CD cannot be reached")
        finally:
            lab.start("argocd-server")

        for _ in range(4):
            advance(fleet)
    moves = records(fleet)[-5:]
    assert [each["action"] for each in moves] == ["advance"] * 4 + ["verify"]
    assert "liveSince" not in moves[0]  # nothing ran before the first step
    assert all(after["liveSince"] >= before["decidedAt"] for before, after in pairwise(moves))
    for change, live in recorder.moments():
        assert not unserved(live), (change.key, unserved(live))
    fleet.wait_synced()
    assert_as_committed(fleet)


def test_a_rollback_in_the_middle_of_a_sync_restores_when_its_shift_is_live(
    fleet: LabFleet, lab: Lab
) -> None:
    """In the second wave a quota refuses the candidate's Deployment; then its pods never start."""
    verified = fleet.rendered("clusters/*/*.yaml")
    stable = weights(fleet, EU)
    fleet.merge_proposal("3")
    with Recorder(lab.kubeconfig, fleet.selector) as recorder:
        advance(fleet)
        advance(fleet)

        # As many Deployments as there are: that of the candidate in the second wave is refused.
        fleet.wait_synced()
        quota = ("quota", "full", f"--namespace={NAMESPACE}")
        fleet.kubectl("create", *quota, "--hard=count/deployments.apps=3")
        try:
            advance(fleet)
            stays_and_says(fleet, f"live in {EU}", "exceeded quota: full", f"{LOOK}{EU}")
            assert weights(fleet, EU) == stable
            lab.pause("scheduler")
        finally:
            fleet.kubectl("delete", *quota)

        # Now there is room for the Deployment, and no pod of it is scheduled.
        try:
            fleet.refresh()
            waits_for_pods(fleet, EU, fleet.tip())
            stays(fleet, f"live in {EU}", "its last sync is Running", f"apps/Deployment/{EU}-v3")

            before = fleet.tip()
            text = fleet.must("revert", FAMILY, "--reason", "it answers nonsense")
            shift = fleet.tip()
            assert shift != before, text
            fleet.refresh()
            wait_until(
                lambda: weights(fleet, US) == stable, 60,
                lambda: said(fleet.application(US)),
            )  # fmt: skip
            # The second cluster has not taken it, so what it may still use is not removed.
            stays(fleet, "the restore waits", EU, LOOK)
            assert operation(fleet, EU)["phase"] == "Running"
            terminate(fleet, EU)
            advance(fleet)  # the restore
            fleet.wait_synced()
        finally:
            lab.resume("scheduler")
    assert [each["action"] for each in records(fleet)[-2:]] == ["shift", "restore"]
    assert fleet.rendered("clusters/*/*.yaml") == verified
    assert_as_committed(fleet)
    for change, live in recorder.moments():
        assert not unserved(live), (change.key, unserved(live))
