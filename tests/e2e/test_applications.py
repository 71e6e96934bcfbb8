"""The reference fleet in a real Argo CD: one file applied by hand, and what becomes of it."""

import json
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
from tests.lab.applications import is_settled, said, sync_began
from tests.lab.fleet import LabFleet, assert_stays_synced, key
from tests.lab.layout import REPOSITORY, program
from tests.lab.waiting import wait_until

WAVE = "argocd.argoproj.io/sync-wave"
SECRET = "credit-scoring-eu-west-2"
SCALED = "personalisation-eu-west-1"


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
    assert wanted == {key(each) for each in fleet.listed_of_clusters()}


@pytest.mark.usefixtures("synced")
def test_the_projects_of_tenants_come_before_the_applications_that_name_them(
    fleet: LabFleet,
) -> None:
    results = fleet.application(fleet.root)["status"]["operationState"]["syncResult"]["resources"]
    kinds = [each["kind"] for each in results]
    assert kinds == sorted(kinds, key=["AppProject", "Application"].index)
    namespace = "argocd"
    names = [each["name"] for each in results if each["kind"] == "Application"]
    tenants = [each["metadata"]["name"] for each in fleet.rendered("tenants/*/*/application.yaml")]
    assert tenants and set(names[: len(tenants)]) == set(tenants)
    projects = fleet.listed("appprojects.argoproj.io", namespace)
    clusters = [
        each for each in fleet.applications().values() if each["spec"]["project"] != "default"
    ]
    assert projects and clusters
    assert max(map(created, projects)) <= min(map(created, clusters))


@pytest.mark.usefixtures("synced")
def test_tenants_have_closed_namespaces_with_quotas(fleet: LabFleet) -> None:
    wanted = [
        each
        for each in fleet.rendered("tenants/*/*/*.yaml")
        if each["kind"] in ("Namespace", "ResourceQuota", "LimitRange", "NetworkPolicy")
    ]
    assert wanted
    for each in wanted:
        metadata = each["metadata"]
        live = fleet.live(each["kind"], metadata["name"], metadata.get("namespace"))
        assert live is not None, metadata
        assert metadata["labels"].items() <= live["metadata"]["labels"].items()


@pytest.mark.usefixtures("synced")
def test_a_namespace_that_git_has_no_more_stays(fleet: LabFleet) -> None:
    """With all that is in it, and nothing is out of sync for it."""
    (path,) = (fleet.clone / "rendered" / fleet.environment / "tenants" / "credit").glob("*/name*")
    name = f"tenant-credit-{path.parent.name}"
    before = fleet.live("Namespace", path.stem.removeprefix("namespace-"))
    assert before is not None
    kept = path.read_bytes()
    path.unlink()
    fleet.commit("Remove a namespace by mistake")
    fleet.push()
    fleet.refresh()

    def is_synced() -> bool:
        found = fleet.application(name)["status"]["sync"]
        return bool(found["revision"] == fleet.tip() and found["status"] == "Synced")

    try:
        wait_until(is_synced, 120, lambda: str(fleet.application(name)["status"]))
        after = fleet.live("Namespace", before["metadata"]["name"])
        assert after is not None
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert "deletionTimestamp" not in after["metadata"]
    finally:
        path.write_bytes(kept)
        fleet.commit("Bring the namespace back")
        fleet.push()
        fleet.wait_synced()


@pytest.mark.usefixtures("synced")
def test_objects_come_in_the_order_of_their_waves(fleet: LabFleet) -> None:
    clusters: dict[str, list[Any]] = {}
    for each in fleet.listed_of_clusters():
        clusters.setdefault(each["metadata"]["labels"]["lockstep.dev/cluster"], []).append(each)
    assert len(clusters) == len(fleet.rendered("clusters/*/application.yaml"))
    for cluster, objects in clusters.items():
        waves = sorted({wave(each) for each in objects})
        assert waves[:1] == [-2] and waves[-1:] == [2], cluster
        for earlier, later in pairwise(waves):
            before = [each for each in objects if wave(each) == earlier]
            after = [each for each in objects if wave(each) == later]
            assert max(map(created, before)) <= min(map(created, after)), (cluster, later)


@pytest.mark.usefixtures("synced")
def test_traffic_is_routed_only_once_pods_are_there(fleet: LabFleet) -> None:
    objects = fleet.listed_of_clusters()
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
    live = {key(each): each for each in fleet.listed_of_clusters()}
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


@pytest.mark.usefixtures("synced")
def test_they_stay_synced_without_another_sync(fleet: LabFleet) -> None:
    assert_stays_synced(fleet)


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


def make_autoscaler(fleet: LabFleet) -> str:
    """What KEDA makes of a ScaledObject, with the labels and annotations of it; its name."""
    namespace = f"{fleet.environment}-personalisation"
    scaled = fleet.live("scaledobjects.keda.sh", f"{SCALED}-v21", namespace)
    assert scaled
    meta, spec = scaled["metadata"], scaled["spec"]
    owner = {key: scaled[key] for key in ("apiVersion", "kind")}
    owner |= {"name": meta["name"], "uid": meta["uid"], "controller": True}
    metric = {"name": "s0-prometheus", "selector": {"matchLabels": {"scaledobject": meta["name"]}}}
    target = {"type": "AverageValue", "averageValue": "50"}
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": f"keda-hpa-{meta['name']}",
            "namespace": namespace,
            "labels": meta["labels"] | {"app.kubernetes.io/managed-by": "keda-operator"},
            "annotations": meta["annotations"],
            "ownerReferences": [owner],
        },
        "spec": {
            "minReplicas": spec["minReplicaCount"],
            "maxReplicas": spec["maxReplicaCount"],
            "metrics": [{"type": "External", "external": {"metric": metric, "target": target}}],
            "scaleTargetRef": {
                "apiVersion": "apps/v1", "kind": "Deployment", **spec["scaleTargetRef"],
            },
        },
    }  # fmt: skip
    fleet.kubectl("create", "--filename=-", input=json.dumps(autoscaler))
    return f"keda-hpa-{meta['name']}"


def test_what_an_autoscaler_has_set_is_left_through_later_syncs(
    fleet: LabFleet, synced: dict[str, Any]
) -> None:
    autoscaler = make_autoscaler(fleet)
    scale(fleet, SCALED, "v21", 4)
    apps = fleet.reconcile()
    name = f"{fleet.environment}-{SCALED}"
    assert apps[name]["status"]["sync"]["status"] == "Synced"
    assert sync_began(apps[name]) == sync_began(synced[name])
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
    # Argo CD prunes what git does not name, but not what an operator has made of it.
    namespace = live["metadata"]["namespace"]
    assert fleet.live("horizontalpodautoscalers.autoscaling", autoscaler, namespace)


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


@pytest.mark.usefixtures("synced")
def test_a_cluster_that_git_no_longer_has_waits_for_a_person(fleet: LabFleet) -> None:
    folder = fleet.clone / "rendered" / fleet.environment / "clusters" / SECRET
    application = folder / "application.yaml"
    text = application.read_text()
    application.unlink()
    fleet.commit("Remove a cluster")
    fleet.push()
    fleet.refresh(fleet.root)
    name = f"{fleet.environment}-{SECRET}"
    waits = f"waiting for pruning confirmation of argoproj.io/Application/{name}"

    def waiting() -> bool:
        status = fleet.application(fleet.root)["status"]
        return waits in status.get("operationState", {}).get("message", "")

    wait_until(waiting, 120, lambda: said(fleet.application(fleet.root)))
    assert replicas(fleet, SECRET, "v9") == 3
    # The mistake is taken back, and the operation that waits is ended.
    application.write_text(text)
    fleet.commit("Bring it back")
    fleet.push()
    fleet.kubectl(
        "patch", "applications.argoproj.io", fleet.root, "--namespace=argocd", "--type=json",
        "--patch", '[{"op": "replace", "path": "/status/operationState/phase",'
        ' "value": "Terminating"}]',
    )  # fmt: skip
    fleet.refresh(fleet.root)

    def restored() -> bool:
        status = fleet.application(fleet.root)["status"]
        sync = (status["sync"]["status"], status["sync"]["revision"])
        ended: bool = status["operationState"]["phase"] != "Running"
        return ended and sync == ("Synced", fleet.tip())

    wait_until(restored, 120, lambda: said(fleet.application(fleet.root)))
    assert fleet.live("applications.argoproj.io", name, "argocd")
    assert replicas(fleet, SECRET, "v9") == 3
