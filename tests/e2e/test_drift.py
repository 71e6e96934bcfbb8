"""Drift on real clusters: what people change by hand is found, named and classified."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.registry.mlflow.client import load_mlflow
from tests.lab import Lab
from tests.lab.fleet import ARGOCD, LabFleet
from tests.lab.kubeconfig import IN_CLUSTER
from tests.lab.layout import REPOSITORY
from tests.lab.waiting import wait_until

CONTROLLER = "argocd-controller"
ENVIRONMENT = "drifting"
CLUSTER, OTHER = "scoring-eu-west-1", "scoring-us-east-1"
NAMESPACE = f"{ENVIRONMENT}-scoring"
EUROPE = "prod-eu-west-1"

Report = dict[str, Any]


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """Two regions that serve version 1 at 90 % and version 2 at 10 %, synced by Argo CD."""
    made = LabFleet.create_rolling(lab, ENVIRONMENT, tmp_path_factory.mktemp("drift"))
    try:
        made.put_platform()
        made.must("lock", f"{ENVIRONMENT}/scoring", "2")
        set_weights(made, 90)
        made.apply_root()
        with made.play_operators():
            made.wait_synced(timeout=200)
        yield made
    finally:
        made.remove()


def set_weights(fleet: LabFleet, stable: int) -> None:
    """Give version 1 a weight in both regions, and version 2 the rest."""
    for region in ("eu-west-1", "us-east-1"):
        path = fleet.clone / "clusters" / ENVIRONMENT / "scoring" / f"{region}.yaml"
        head, _, _ = path.read_text().partition("  variants:")
        path.write_text(
            f"{head}  variants:\n"
            f'    - {{name: stable, version: "1", weight: {stable}}}\n'
            f'    - {{name: candidate, version: "2", weight: {100 - stable}}}\n'
        )
    fleet.publish(f"version 1 has {stable} percent")


@pytest.fixture
def paused(fleet: LabFleet) -> Iterator[LabFleet]:
    """Argo CD heals nothing meanwhile; afterwards nothing may be left."""
    assert drift(fleet)["items"] == []
    fleet.lab.pause(CONTROLLER)
    try:
        yield fleet
    finally:
        fleet.lab.resume(CONTROLLER)
    wait_clean(fleet)


def wait_clean(fleet: LabFleet) -> None:
    """Wait until nothing has drifted."""
    fleet.refresh()
    last: list[Report] = []

    def clean() -> bool:
        last[:] = [drift(fleet)]
        return bool(last[0]["exitCode"] == 0)

    wait_until(clean, 120, lambda: json.dumps(last, indent=1))


def drift(fleet: LabFleet, *arguments: str, access: tuple[str, ...] = ()) -> Report:
    """What ``lockstep drift`` says of the fleet, and its exit code in it."""
    asked = access or ("--kubeconfig", str(fleet.lab.kubeconfig))
    registry = [] if "--no-registry" in arguments else ["--registry-uri", str(fleet.registry)]
    code, text = fleet.lockstep(
        "drift", "--format", "json", "--timeout", "120", *asked, *registry, *arguments
    )
    assert text.startswith("{"), text
    report: Report = json.loads(text)
    assert report["exitCode"] == code
    return report


def only(report: Report, **wanted: str) -> Report:
    """The one drift with these facts."""
    found = [
        each for each in report["items"] if all(each[key] == value for key, value in wanted.items())
    ]
    assert len(found) == 1, json.dumps(report, indent=1)
    one: Report = found[0]
    return one


def patch(fleet: LabFleet, kind: str, name: str, change: Any, namespace: str = NAMESPACE) -> None:
    """Change an object by hand."""
    fleet.kubectl(
        "patch", kind, name, "--namespace", namespace, "--type=merge", "--patch", json.dumps(change)
    )


def test_a_fleet_that_argocd_has_synced_has_not_drifted(fleet: LabFleet) -> None:
    report = drift(fleet)
    assert (report["exitCode"], report["items"], report["unread"]) == (0, [], [])
    assert report["summary"]["clusters"] == 2 and report["summary"]["applications"] == 3
    assert report["summary"]["versions"] == 2 and report["summary"]["objects"] > 8
    assert report["summary"]["commit"] == fleet.tip()


def test_rights_to_read_are_enough(fleet: LabFleet) -> None:
    lab = fleet.lab
    access = (
        "--server", lab.kubernetes, "--token-file", str(lab.reader_token),
        "--certificate-authority", str(lab.authority),
    )  # fmt: skip
    assert drift(fleet, "--no-registry", access=access)["exitCode"] == 0


def test_a_scaled_deployment_and_a_deleted_object_are_argocds_to_heal(paused: LabFleet) -> None:
    paused.kubectl("scale", "deployment", f"{CLUSTER}-v1", "--replicas=5", "-n", NAMESPACE)
    paused.kubectl("delete", "serviceaccount", OTHER, "-n", NAMESPACE)
    report = drift(paused)
    assert report["exitCode"] == 13
    scaled = only(report, objectKind="Deployment")
    assert scaled["classified"] == "argocd-heals" and scaled["name"] == f"{CLUSTER}-v1"
    assert scaled["fields"] == [{"path": "spec.replicas", "git": 2, "live": 5, "hidden": False}]
    assert (scaled["region"], scaled["destination"]) == ("eu-west-1", EUROPE)
    gone = only(report, objectKind="ServiceAccount")
    assert (gone["drift"], gone["classified"]) == ("missing", "argocd-heals")
    assert len(report["items"]) == 2


def test_a_changed_weight_breaks_the_family(paused: LabFleet) -> None:
    routes = paused.live("virtualservices", CLUSTER, NAMESPACE)
    assert routes is not None
    for each, weight in zip(routes["spec"]["http"][0]["route"], (30, 70), strict=True):
        each["weight"] = weight
    patch(paused, "virtualservices", CLUSTER, {"spec": {"http": routes["spec"]["http"]}})
    report = drift(paused)
    found = only(report, objectKind="VirtualService")
    assert found["classified"] == "family" and len(report["items"]) == 1
    assert "serves 1 30%, 2 70%, and git says 1 90%, 2 10%" in found["means"]
    assert [(each["git"], each["live"]) for each in found["fields"]] == [(90, 30), (10, 70)]


def test_a_served_version_that_git_does_not_name_is_the_incident(paused: LabFleet) -> None:
    made = put_unknown_version(paused)
    try:
        report = drift(paused)
    finally:
        for kind, name in made:
            paused.kubectl("delete", kind, name, "-n", NAMESPACE)
    unknown = only(report, drift="unnamed-version")
    assert unknown["classified"] == "family" and unknown["region"] == "eu-west-1"
    assert "9 5%" in unknown["what"]
    skew = only(report, drift="skew")
    assert "3 versions at once, and git says 2" in skew["what"]
    orphans = [each for each in report["items"] if each["drift"] == "orphan"]
    assert {each["objectKind"] for each in orphans} == {"Deployment", "DestinationRule"}
    # Argo CD prunes only what it has applied itself.
    assert {each["classified"] for each in orphans} == {"person"}


def put_unknown_version(fleet: LabFleet) -> list[tuple[str, str]]:
    """Serve a version 9 by hand, with all that it takes; what has to be deleted afterwards."""
    made = []
    for kind in ("deployments.apps", "destinationrules.networking.istio.io"):
        source = fleet.live(kind, f"{CLUSTER}-v1", NAMESPACE)
        assert source is not None
        text = json.dumps({key: source[key] for key in ("apiVersion", "kind", "spec")})
        text = text.replace('"lockstep.dev/version": "1"', '"lockstep.dev/version": "9"')
        copy = json.loads(text.replace('"v1"', '"v9"'))
        labels = {**source["metadata"]["labels"], "lockstep.dev/version": "9"}
        name = f"{CLUSTER}-v9"
        copy["metadata"] = {"name": name, "namespace": NAMESPACE, "labels": labels}
        fleet.kubectl("create", "--filename=-", input=json.dumps(copy))
        made.append((kind, name))
    routes = fleet.live("virtualservices", CLUSTER, NAMESPACE)
    assert routes is not None
    route = routes["spec"]["http"][0]["route"]
    extra = json.loads(json.dumps(route[0]).replace('"v1"', '"v9"'))
    route[0]["weight"] -= 5
    route.append({**extra, "weight": 5})
    patch(fleet, "virtualservices", CLUSTER, {"spec": {"http": routes["spec"]["http"]}})
    return made


def test_an_application_on_an_old_revision_is_named_with_its_commit(paused: LabFleet) -> None:
    old = paused.tip()
    set_weights(paused, 80)
    report = drift(paused)
    behind = [each for each in report["items"] if each["drift"] == "revision"]
    assert {each["cluster"] for each in behind} == {CLUSTER, OTHER, ""}  # the root, too
    assert all(old[:12] in each["what"] for each in behind)
    # Argo CD was just pushed to: what it has not brought yet is no incident.
    routes = [each for each in report["items"] if each["objectKind"] == "VirtualService"]
    assert {each["classified"] for each in routes} == {"argocd-heals"} and len(routes) == 2
    # An hour later it is one.
    late = drift(paused, "--now", "2099-01-01T00:00:00Z", "--no-registry")
    routes = [each for each in late["items"] if each["objectKind"] == "VirtualService"]
    assert {each["classified"] for each in routes} == {"family"}


def test_an_application_that_no_longer_follows_git_heals_nothing(paused: LabFleet) -> None:
    name = f"{ENVIRONMENT}-{CLUSTER}"
    other = {"source": {"targetRevision": "experiment"}}
    patch(paused, "applications", name, {"spec": other}, ARGOCD)
    paused.kubectl("scale", "deployment", f"{CLUSTER}-v1", "--replicas=0", "-n", NAMESPACE)
    report = drift(paused)
    moved = only(report, drift="application")
    assert (moved["classified"], moved["name"]) == ("family", name)
    [field] = moved["fields"]
    assert field["path"] == "spec.source.targetRevision"
    assert (field["git"], field["live"]) == ("main", "experiment")
    scaled = only(report, objectKind="Deployment")
    assert scaled["classified"] == "person" and "follows another source" in scaled["means"]


def test_automated_sync_that_is_switched_off_is_seen(paused: LabFleet) -> None:
    root = paused.root
    patch(paused, "applications", root, {"spec": {"syncPolicy": {"automated": None}}}, ARGOCD)
    try:
        off = only(drift(paused), drift="not-automated")
        assert (off["classified"], off["name"]) == ("person", root)
    finally:
        # It is applied by hand, so nothing else restores it.
        paused.apply_root()


def test_an_alias_of_the_registry_that_names_another_version_is_found(fleet: LabFleet) -> None:
    client = load_mlflow().MlflowClient(tracking_uri=fleet.registry, registry_uri=fleet.registry)
    client.set_registered_model_alias("scoring", "champion", "3")
    try:
        report = drift(fleet)
    finally:
        client.delete_registered_model_alias("scoring", "champion")
    alias = only(report, drift="alias")
    assert (alias["classified"], alias["name"]) == ("person", "scoring@champion")
    assert "names version 3, and git serves 1, 2" in alias["what"] and len(report["items"]) == 1
    client.set_registered_model_alias("scoring", "champion", "1")
    try:
        assert drift(fleet)["exitCode"] == 0
    finally:
        client.delete_registered_model_alias("scoring", "champion")


def test_a_region_that_cannot_be_read_is_named_and_the_others_are_compared(
    paused: LabFleet,
) -> None:
    paused.kubectl("scale", "deployment", f"{OTHER}-v1", "--replicas=5", "-n", NAMESPACE)
    report = drift(paused, "--context", f"{EUROPE}=nowhere")
    assert report["exitCode"] == 1 and report["summary"]["clusters"] == 1
    [unread] = report["unread"]
    assert unread["what"] == EUROPE and "no context 'nowhere'" in unread["why"]
    assert only(report, objectKind="Deployment")["name"] == f"{OTHER}-v1"


def test_the_cluster_role_of_the_page_is_enough_and_without_it_the_rule_is_named(
    fleet: LabFleet, tmp_path: Path
) -> None:
    with service_account(fleet, tmp_path) as access:
        refused = drift(fleet, "--no-registry", access=access)
        assert refused["exitCode"] == 1
        why = json.dumps(refused["unread"])
        assert "does not allow to list deployments of apps (HTTP 403)" in why
        assert 'apiGroups: [\\"apps\\"], resources: [\\"deployments\\"]' in why
        with granted(fleet):
            wait_until(
                lambda: drift(fleet, "--no-registry", access=access)["exitCode"] == 0,
                30, lambda: json.dumps(drift(fleet, "--no-registry", access=access)),
            )  # fmt: skip


@contextmanager
def service_account(fleet: LabFleet, folder: Path) -> Iterator[tuple[str, ...]]:
    """The options of an account that may do nothing yet."""
    fleet.kubectl("create", "serviceaccount", "drift", "-n", NAMESPACE)
    token = folder / "token"
    token.write_text(fleet.kubectl("create", "token", "drift", "-n", NAMESPACE))
    try:
        yield (
            "--server", fleet.lab.kubernetes, "--token-file", str(token),
            "--certificate-authority", str(fleet.lab.authority),
        )  # fmt: skip
    finally:
        fleet.kubectl("delete", "serviceaccount", "drift", "-n", NAMESPACE)


@contextmanager
def granted(fleet: LabFleet) -> Iterator[None]:
    """The rights that the how-to page gives."""
    page = (REPOSITORY / "docs" / "how-to" / "drift.md").read_text()
    blocks = [part.partition("```")[0] for part in page.split("```yaml\n")[1:]]
    role = next(each for each in map(yaml.safe_load, blocks) if each.get("kind") == "ClusterRole")
    assert all(set(rule["verbs"]) <= {"get", "list"} for rule in role["rules"])
    name = role["metadata"]["name"]
    fleet.kubectl("apply", "--filename=-", input=json.dumps(role))
    account = f"{NAMESPACE}:drift"
    fleet.kubectl(
        "create", "clusterrolebinding", name, f"--clusterrole={name}", f"--serviceaccount={account}"
    )
    try:
        yield
    finally:
        fleet.kubectl("delete", "clusterrolebinding", name)
        fleet.kubectl("delete", "clusterrole", name)


def test_no_option_is_taken_for_drift_once_the_api_has_added_its_defaults(
    lab: Lab, tmp_path: Path
) -> None:
    """The objects of the golden fleet, which uses every option, as the API stores them."""
    golden = LabFleet.create(
        lab, "driftgold", REPOSITORY / "tests" / "golden" / "clusters" / "prod", tmp_path
    )
    golden.put_platform()
    try:
        objects = [
            each
            for each in golden.rendered("[cft]*/**/*.yaml")
            if each["kind"] not in ("Application", "AppProject")
        ]
        assert len({each["kind"] for each in objects}) == 20
        # That of a family without a tenant, Argo CD would make.
        bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "driftgold-llm"}}
        objects.sort(key=lambda each: "namespace" in each["metadata"])
        golden.kubectl("apply", "--filename=-", input=yaml.safe_dump_all([bare, *objects]))
        regions = [f"--destination={each}" for each in golden.destinations()]
        report = drift(golden, "--no-registry", *regions)
        assert (report["items"], report["unread"], report["exitCode"]) == ([], [], 0)
        assert report["summary"]["objects"] == len(objects)
        assert report["summary"]["left"] == [IN_CLUSTER]
    finally:
        golden.remove()
