"""The reference fleet in a real Argo CD: one file applied by hand, and what becomes of it."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.istio.__main__ import check
from tests.lab import Lab
from tests.lab.fleet import REFRESH, REPOSITORY, LabFleet, is_settled, said, wait_until
from tests.lab.layout import program

WAVE = "argocd.argoproj.io/sync-wave"
SECRET = "credit-scoring-eu-west-2"
SCALED = "personalisation-eu-west-1"
KINDS = (
    "serviceaccounts,externalsecrets.external-secrets.io,services,deployments.apps,"
    "horizontalpodautoscalers.autoscaling,scaledobjects.keda.sh,poddisruptionbudgets.policy,"
    "destinationrules.networking.istio.io,virtualservices.networking.istio.io"
)


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """The reference fleet, of which only the root Application was applied."""
    folder = tmp_path_factory.mktemp("applications")
    fleet = LabFleet.create(lab, "reference", REPOSITORY / "clusters" / "prod", folder)
    fleet.put_platform()
    try:
        fleet.apply_root()
        yield fleet
    finally:
        fleet.remove()


@pytest.fixture(scope="module")
def waiting(fleet: LabFleet) -> dict[str, Any]:
    """The Applications when all that have no operator to wait for are Synced and Healthy."""
    operated = {
        each["metadata"]["labels"]["lockstep.dev/cluster"]
        for each in fleet.rendered("clusters/*/*.yaml")
        if each["kind"] in ("ExternalSecret", "ScaledObject", "HorizontalPodAutoscaler")
    }
    names = fleet.expected() - {f"{fleet.environment}-{cluster}" for cluster in operated}

    def settled() -> bool:
        found = fleet.applications()
        return names <= set(found) and all(is_settled(found[name]) for name in names)

    wait_until(settled, 240, lambda: "\n".join(map(said, fleet.applications().values())))
    return fleet.applications()


@pytest.fixture(scope="module")
def synced(fleet: LabFleet, waiting: dict[str, Any]) -> dict[str, Any]:
    """The Applications once the operators have reported, all Synced and Healthy."""
    with fleet.play_operators():
        return fleet.wait_synced()


def key(each: Any) -> tuple[str, str]:
    """What tells the objects of a fleet apart: names hold the cluster's, which is unique in it."""
    return each["kind"], each["metadata"]["name"]


def created(each: Any) -> datetime:
    return datetime.fromisoformat(each["metadata"]["creationTimestamp"])


def wave(each: Any) -> int:
    return int(each["metadata"].get("annotations", {}).get(WAVE, "0"))


def test_a_deployment_waits_for_the_secret_that_its_pods_read(
    fleet: LabFleet, waiting: dict[str, Any]
) -> None:
    app = waiting[f"{fleet.environment}-{SECRET}"]
    assert app["status"]["health"]["status"] == "Progressing"
    assert app["status"]["operationState"]["phase"] == "Running"
    namespace = f"{fleet.environment}-credit-scoring"
    assert fleet.live("externalsecrets.external-secrets.io", SECRET, namespace)
    assert not fleet.live("deployments.apps", f"{SECRET}-v9", namespace)
    assert not fleet.live("virtualservices.networking.istio.io", SECRET, namespace)


def test_every_application_becomes_synced_and_healthy_without_a_warning(
    fleet: LabFleet, synced: dict[str, Any]
) -> None:
    assert set(synced) == fleet.expected()
    assert {name: app["status"].get("conditions", []) for name, app in synced.items()} == {
        name: [] for name in synced
    }
    assert all(app["status"]["sync"]["revision"] == fleet.tip() for app in synced.values())
    rendered = fleet.rendered("clusters/*/*.yaml")
    wanted = {key(each) for each in rendered if each["kind"] != "Application"}
    assert wanted == {key(each) for each in fleet.listed(KINDS)}


@pytest.mark.usefixtures("synced")
def test_the_projects_of_tenants_come_before_the_applications_that_name_them(
    fleet: LabFleet,
) -> None:
    results = fleet.application(fleet.root)["status"]["operationState"]["syncResult"]["resources"]
    kinds = [each["kind"] for each in results]
    assert kinds == sorted(kinds, key=["AppProject", "Application"].index)
    namespace = "argocd"
    projects = fleet.listed("appprojects.argoproj.io", namespace)
    clusters = [
        each for each in fleet.applications().values() if each["spec"]["project"] != "default"
    ]
    assert projects and clusters
    assert max(map(created, projects)) <= min(map(created, clusters))


@pytest.mark.usefixtures("synced")
def test_objects_come_in_the_order_of_their_waves(fleet: LabFleet) -> None:
    clusters: dict[str, list[Any]] = {}
    for each in fleet.listed(KINDS):
        clusters.setdefault(each["metadata"]["labels"]["lockstep.dev/cluster"], []).append(each)
    assert len(clusters) == len(fleet.expected()) - 1
    for cluster, objects in clusters.items():
        waves = sorted({wave(each) for each in objects})
        assert waves[:1] == [-2] and waves[-1:] == [1], cluster
        for earlier, later in pairwise(waves):
            before = [each for each in objects if wave(each) == earlier]
            after = [each for each in objects if wave(each) == later]
            assert max(map(created, before)) <= min(map(created, after)), (cluster, later)


@pytest.mark.usefixtures("synced")
def test_traffic_is_routed_only_once_pods_are_there(fleet: LabFleet) -> None:
    objects = fleet.listed(KINDS)
    routes = {
        each["metadata"]["name"]: created(each)
        for each in objects
        if each["kind"] == "VirtualService"
    }
    for each in objects:
        if each["kind"] == "Deployment":
            conditions = {one["type"]: one for one in each["status"]["conditions"]}
            ready = datetime.fromisoformat(conditions["Available"]["lastTransitionTime"])
            cluster = each["metadata"]["labels"]["lockstep.dev/cluster"]
            assert ready <= routes[cluster], each["metadata"]["name"]


@pytest.mark.usefixtures("synced")
def test_istioctl_accepts_every_routing_object_as_the_api_has_it(
    fleet: LabFleet, tmp_path: Path
) -> None:
    """With all else that routes refer to; a field that the API dropped or added would show."""
    live = {key(each): each for each in fleet.listed(KINDS)}
    routing = 0
    for path in sorted((fleet.clone / "rendered").rglob("clusters/*/*.yaml")):
        each = yaml.safe_load(path.read_text())
        copy = tmp_path / path.relative_to(fleet.clone)
        copy.parent.mkdir(parents=True, exist_ok=True)
        # Which cluster a folder is for is in its Application, which is not in the cluster.
        found = each if each["kind"] == "Application" else live[key(each)]
        copy.write_text(yaml.safe_dump(found))
        routing += each["apiVersion"].startswith("networking.istio.io/")
    shutil.copytree(fleet.clone / "clusters", tmp_path / "clusters")
    assert routing > 20
    assert check(str(program("istioctl")), tmp_path) == []
    # It does look: the same with a weight that the API takes.
    route = next(tmp_path.rglob("virtualservice.yaml"))
    spoilt = yaml.safe_load(route.read_text())
    spoilt["spec"]["http"][0]["route"][0]["weight"] = -10
    route.write_text(yaml.safe_dump(spoilt))
    assert check(str(program("istioctl")), tmp_path)


def reconciled(fleet: LabFleet, how: str) -> dict[str, Any]:
    """The Applications after each has compared git and live once more.

    ``how`` is normal, or hard: the manifests are read from git again too.
    """
    before = {name: app["status"]["reconciledAt"] for name, app in fleet.applications().items()}
    # Times have a precision of a second: an Application that was compared in this one is later.
    fleet.refresh(how=how)

    def compared() -> bool:
        found = fleet.applications()
        return all(
            found[name]["status"]["reconciledAt"] > time
            and REFRESH not in found[name]["metadata"].get("annotations", {})
            for name, time in before.items()
        )

    wait_until(compared, 120, lambda: "\n".join(map(said, fleet.applications().values())))
    return fleet.applications()


def generations(fleet: LabFleet) -> dict[tuple[str, str], int]:
    """How often each live object was changed in what it wants."""
    return {key(each): each["metadata"].get("generation", 0) for each in fleet.listed(KINDS)}


def started(apps: dict[str, Any]) -> dict[str, str]:
    """When the newest sync of each Application began."""
    return {name: app["status"]["operationState"]["startedAt"] for name, app in apps.items()}


def test_they_stay_synced_without_another_sync(fleet: LabFleet, synced: dict[str, Any]) -> None:
    before = generations(fleet)
    for how in ("normal", "hard", "normal"):
        apps = reconciled(fleet, how)
        assert [name for name, app in apps.items() if not is_settled(app, fleet.tip())] == []
    assert started(apps) == started(synced)
    assert generations(fleet) == before


def replicas(fleet: LabFleet, cluster: str, version: str) -> int:
    family = cluster.partition("-eu")[0]
    live = fleet.live("deployments.apps", f"{cluster}-{version}", f"{fleet.environment}-{family}")
    assert live
    return int(live["spec"]["replicas"])


def scale(fleet: LabFleet, cluster: str, version: str, count: int) -> None:
    """Scale a Deployment as autoscalers and people do: through its subresource."""
    family = cluster.partition("-eu")[0]
    fleet.kubectl(
        "scale", f"deployments.apps/{cluster}-{version}", f"--replicas={count}",
        "--namespace", f"{fleet.environment}-{family}",
    )  # fmt: skip


def test_what_an_autoscaler_has_set_is_left_through_later_syncs(
    fleet: LabFleet, synced: dict[str, Any]
) -> None:
    scale(fleet, SCALED, "v21", 4)
    apps = reconciled(fleet, "normal")
    name = f"{fleet.environment}-{SCALED}"
    assert is_settled(apps[name]) and started(apps)[name] == started(synced)[name]
    # Another change of the same Deployment, which Argo CD applies as a whole.
    path = f"clusters/{fleet.environment}/personalisation/eu-west-1.yaml"
    fleet.edit(path, "  serving:\n", "  serving:\n    env: {LOG_LEVEL: debug}\n")
    fleet.publish("Log more in eu-west-1")
    with fleet.play_operators():
        fleet.wait_synced()
    live = fleet.live("deployments.apps", f"{SCALED}-v21", f"{fleet.environment}-personalisation")
    assert live
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "LOG_LEVEL", "value": "debug"} in container["env"]
    assert live["spec"]["replicas"] == 4


@pytest.mark.usefixtures("synced")
def test_a_deployment_that_no_autoscaler_owns_is_healed(fleet: LabFleet) -> None:
    wanted = replicas(fleet, SECRET, "v9")
    scale(fleet, SECRET, "v9", 1)
    fleet.refresh()
    wait_until(
        lambda: replicas(fleet, SECRET, "v9") == wanted,
        60,
        lambda: said(fleet.application(SECRET)),
    )
    fleet.wait_synced()
