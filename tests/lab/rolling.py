"""A family that rolls out in the lab, a step every few seconds, and how far Argo CD is with it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab import Lab
from tests.lab.applications import said
from tests.lab.fleet import ARGOCD, LabFleet
from tests.lab.waiting import wait_until

US, EU = "scoring-us-east-1", "scoring-eu-west-1"
_GATE = "  gates:\n"
_BAKES = (("bake: 1h", "bake: 1s"), ("bake: 2h", "bake: 1s"))
_WATCHED = "  observability: {labels: {release: monitoring}, namespace: monitoring}\n"


def create_fleet(lab: Lab, environment: str, folder: Path, *, gate: bool = False) -> LabFleet:
    """A family in two regions that serves version 1, and whose steps bake for a second.

    Its clusters have rules of Prometheus, with the weights that git declares. With ``gate`` it has
    a gate on Argo CD, which is asked at the lab's address; ARGOCD_AUTH_TOKEN has to be set.
    """
    fleet = LabFleet.create_rolling(lab, environment, folder)
    family = f"clusters/{environment}/scoring/family.yaml"
    for old, new in _BAKES:
        fleet.edit(family, old, new)
    head = f"clusters/{environment}/environment.yaml"
    fleet.edit(head, "  registries:\n", f"{_WATCHED}  registries:\n")
    if gate:
        fleet.edit(family, _GATE, f"{_GATE}    - {{name: live, source: argocd}}\n")
        server = f"  argocd:\n    server: {lab.argocd_server}\n"
        fleet.edit(head, "  argocd:\n", server)
    fleet.publish("Let the steps bake for a second")
    return fleet


@contextmanager
def live_fleet(
    lab: Lab, environment: str, folder: Path, *, gate: bool = False
) -> Iterator[LabFleet]:
    """The fleet of ``create_fleet``, put into the lab and synced; it is removed afterwards."""
    fleet = create_fleet(lab, environment, folder, gate=gate)
    try:
        fleet.apply_root()
        fleet.wait_synced()
        yield fleet
    finally:
        fleet.remove()


def advance(fleet: LabFleet, patience: float = 90) -> str:
    """Run ``lockstep advance`` until it has moved the family; what it printed then."""
    last = ""

    def moved() -> bool:
        nonlocal last
        before = fleet.tip()
        code, last = fleet.lockstep("advance", f"{fleet.environment}/scoring")
        assert code in (0, 12), last
        return fleet.tip() != before

    wait_until(moved, patience, lambda: last)
    return last


def operation(fleet: LabFleet, cluster: str) -> Any:
    """The last operation of a cluster's Application, or the one that runs; empty before any."""
    return fleet.application(cluster)["status"].get("operationState", {})


def waits_for_pods(fleet: LabFleet, cluster: str, revision: str) -> None:
    """Wait until the sync of a commit waits for the pods of a Deployment that it has applied."""

    def waits() -> bool:
        state = operation(fleet, cluster)
        return (
            state.get("phase") == "Running"
            and state.get("syncResult", {}).get("revision") == revision
            and "apps/Deployment" in state.get("message", "")
        )

    # A refused sync is tried again after 5 s, 10 s, 20 s and so on.
    wait_until(waits, 120, lambda: said(fleet.application(cluster)))


def terminate(fleet: LabFleet, cluster: str) -> None:
    """End a cluster's running operation, as ``argocd app terminate-op`` does."""
    patch = json.dumps({"status": {"operationState": {"phase": "Terminating"}}})
    fleet.kubectl(
        "patch", "applications.argoproj.io", f"{fleet.environment}-{cluster}",
        "--namespace", ARGOCD, "--type=merge", "--patch", patch,
    )  # fmt: skip


def assert_as_committed(fleet: LabFleet) -> None:
    """The live objects of the clusters are those of the clone's commit, and there are no others."""
    for cluster in (US, EU):
        wanted = {
            (each["kind"], each["metadata"]["name"]): each
            for each in fleet.rendered(f"clusters/{cluster}/*.yaml")
            if each["kind"] != "Application"
        }
        live = {
            (each["kind"], each["metadata"]["name"]): each
            for each in fleet.listed(
                "deployments.apps,services,serviceaccounts,poddisruptionbudgets.policy,"
                "destinationrules.networking.istio.io,virtualservices.networking.istio.io,"
                "prometheusrules.monitoring.coreos.com"
            )
            if each["metadata"]["labels"]["lockstep.dev/cluster"] == cluster
        }
        assert set(live) == set(wanted)
        for key, each in wanted.items():
            missing = list(_missing(each, live[key], ""))
            assert not missing, f"{key}: {missing}"


def _missing(wanted: Any, live: Any, at: str) -> list[str]:
    """The fields of an object of git that the live one has not, or has otherwise."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return [
            found
            for key, value in wanted.items()
            for found in _missing(value, live.get(key), f"{at}/{key}")
        ]
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        pairs = zip(wanted, live, strict=True)
        return [
            found
            for number, (one, other) in enumerate(pairs)
            for found in _missing(one, other, f"{at}/{number}")
        ]
    return [] if wanted == live else [f"{at} is {live!r} and not {wanted!r}"]
