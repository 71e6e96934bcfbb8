"""The verb on the golden fleet, against APIs on loopback: it finds just what differs."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from lockstep.edges import bounded
from lockstep.render.parse import parse_manifest
from tests.unit.drift.api_objects import stored
from tests.unit.edges.repositories import git, new_repository
from tests.unit.json_server import Reply
from tests.unit.kubernetes_api import KubernetesApi, kubeconfig, serving, status

REPOSITORY = Path(__file__).resolve().parents[3]
GOLDEN = REPOSITORY / "tests" / "golden"
REGIONS = ("prod-eu-central-1", "prod-eu-west-1", "prod-us-east-1")
WATCHING = "prod-observability"
ARGOCD = "in-cluster"
FRAUD = "fraud-detection-eu-central-1"
NOW = "2026-03-01T09:00:00Z"

Report = dict[str, Any]


class World:
    """The repository, and an API for each region and for Argo CD with all that git says."""

    def __init__(self, folder: Path, apis: dict[str, KubernetesApi]) -> None:
        self.folder, self.apis = folder, apis

    def drift(self, *arguments: str, output: str = "json") -> tuple[int, str]:
        bounded.start_run()
        return invoke([
            "drift", *arguments, "-e", "prod", "--root", str(self.folder / "fleet"), "--now", NOW,
            "--no-registry", "--kubeconfig", str(self.folder / "kubeconfig"), "--format", output,
        ])  # fmt: skip

    def report(self, *arguments: str) -> Report:
        code, text = self.drift(*arguments)
        report: Report = json.loads(text)
        assert report["exitCode"] == code
        return report

    def one(self, region: str, kind: str, name: str) -> Any:
        """A live object, to change it."""
        [found] = [
            each for each in self.apis[region].objects
            if (each["kind"], each["metadata"]["name"]) == (kind, name)
        ]  # fmt: skip
        return found

    def remove(self, region: str, kind: str, name: str) -> None:
        self.apis[region].objects.remove(self.one(region, kind, name))


def application(manifest: Any, tip: str) -> Any:
    """An Application that is synced and healthy."""
    made = stored(manifest)
    made["status"] = {
        "sync": {"status": "Synced", "revision": tip}, "health": {"status": "Healthy"},
        "reconciledAt": NOW, "operationState": {"phase": "Succeeded"},
    }  # fmt: skip
    return made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    files = {
        path.relative_to(GOLDEN).as_posix(): path.read_bytes()
        for folder in ("clusters", "rendered")
        for path in (GOLDEN / folder).rglob("*")
        if path.is_file()
    }
    files["lockstep.yaml"] = b"branch: main\nrepository: https://git.example.com/ml/fleet.git\n"
    new_repository(tmp_path / "fleet", files)
    tip = git(tmp_path / "fleet", "rev-parse", "HEAD")
    apis = {name: KubernetesApi(page=100) for name in (*REGIONS, WATCHING, ARGOCD)}
    manifests = {
        path: parse_manifest(data.decode())
        for path, data in files.items()
        if path.startswith("rendered/prod/") and path.endswith(".yaml")
    }
    for path, manifest in manifests.items():
        if manifest["kind"] in ("Application", "AppProject"):
            made = application(manifest, tip) if manifest["kind"] == "Application" else None
            apis[ARGOCD].objects.append(made or stored(manifest))
        else:
            brings = manifests[f"{path.rpartition('/')[0]}/application.yaml"]
            apis[brings["spec"]["destination"]["name"]].objects.append(stored(manifest))
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(api)).url for name, api in apis.items()}
        (tmp_path / "kubeconfig").write_text(kubeconfig(servers, "t0ken"))
        yield World(tmp_path, apis)


def test_what_git_says_with_all_defaults_is_no_drift(world: World) -> None:
    report = world.report()
    assert (report["items"], report["unread"], report["exitCode"]) == ([], [], 0)
    expected = {
        "clusters": 10, "objects": 206, "applications": 21, "versions": 0, "left": [],
    }  # fmt: skip
    assert {name: report["summary"][name] for name in expected} == expected
    code, text = world.drift(output="text")
    assert code == 0 and text.endswith("no drift\n") and "Of branch main" in text


def scaled(world: World) -> None:
    world.one("prod-eu-central-1", "Deployment", f"{FRAUD}-v41")["spec"]["replicas"] = 9


def weights(world: World) -> None:
    routes = world.one("prod-eu-central-1", "VirtualService", FRAUD)["spec"]["http"][0]["route"]
    routes[0]["weight"], routes[1]["weight"] = 50, 50


def deleted_routes(world: World) -> None:
    world.remove("prod-eu-central-1", "VirtualService", FRAUD)


def deleted(world: World) -> None:
    world.remove("prod-eu-central-1", "ServiceAccount", FRAUD)


def raised(world: World) -> None:
    quota = world.one("prod-eu-west-1", "ResourceQuota", "lockstep")["spec"]
    quota["hard"]["requests.cpu"] = "999"


def unwatched(world: World) -> None:
    world.remove(WATCHING, "ConfigMap", "prod-fraud-detection-dashboard")


def image(world: World) -> None:
    spec = world.one("prod-eu-central-1", "Deployment", f"{FRAUD}-v42")["spec"]
    spec["template"]["spec"]["containers"][0]["image"] = "registry.example.com/ml/server@sha256:0"


def image_without_label(world: World) -> None:
    image(world)
    found = world.one("prod-eu-central-1", "Deployment", f"{FRAUD}-v42")
    del found["metadata"]["labels"]["lockstep.dev/version"]


def another_command(world: World) -> None:
    spec = world.one("prod-eu-central-1", "Deployment", f"{FRAUD}-v42")["spec"]
    spec["template"]["spec"]["containers"][0]["command"] = ["python", "other.py"]


def hidden_routes(world: World) -> None:
    world.one("prod-eu-central-1", "VirtualService", FRAUD)["spec"]["exportTo"] = ["~"]


def held_back(world: World) -> None:
    world.one("prod-eu-central-1", "Deployment", f"{FRAUD}-v41")["spec"]["paused"] = True


def ignoring(world: World) -> None:
    spec = world.one(ARGOCD, "Application", f"prod-{FRAUD}")["spec"]
    entry = {"group": "networking.istio.io", "kind": "VirtualService", "jsonPointers": ["/spec"]}
    spec["ignoreDifferences"] = [*spec.get("ignoreDifferences", []), entry]


def orphaned(world: World) -> None:
    made = deepcopy(world.one("prod-eu-central-1", "Deployment", f"{FRAUD}-v41"))
    made["metadata"] |= {"name": f"{FRAUD}-v7", "uid": "by-hand"}
    del made["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"]
    world.apis["prod-eu-central-1"].objects.append(made)


def unpruned(world: World) -> None:
    orphaned(world)
    made = world.apis["prod-eu-central-1"].objects[-1]
    made["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "prod:apps"


def retargeted(world: World) -> None:
    world.one(ARGOCD, "Application", f"prod-{FRAUD}")["spec"]["source"]["targetRevision"] = "x"


def second_source(world: World) -> None:
    spec = world.one(ARGOCD, "Application", f"prod-{FRAUD}")["spec"]
    spec["sources"] = [{"repoURL": "https://git.example.com/other.git"}]


def switched_off(world: World) -> None:
    spec = world.one(ARGOCD, "Application", "lockstep-prod")["spec"]
    spec["syncPolicy"]["automated"]["enabled"] = False


def failed(world: World) -> None:
    told = world.one(ARGOCD, "Application", f"prod-{FRAUD}")["status"]
    told["operationState"] = {"phase": "Failed", "message": "exceeded quota: risk"}
    told["sync"]["status"] = "OutOfSync"


def windowed(world: World) -> None:
    world.one(ARGOCD, "AppProject", "prod-risk")["spec"]["syncWindows"] = [{"kind": "deny"}]


def unknown_commit(world: World) -> None:
    world.one(ARGOCD, "Application", f"prod-{FRAUD}")["status"] |= {
        "sync": {"status": "Synced", "revision": "0" * 40}, "reconciledAt": "2026-02-01T00:00:00Z",
    }  # fmt: skip


def paused(world: World) -> None:
    found = world.one("prod-eu-west-1", "ScaledObject", "churn-eu-west-1-v3")
    found["metadata"]["annotations"]["autoscaling.keda.sh/paused"] = "true"


def emptied(world: World) -> None:
    world.one("prod-eu-west-1", "Deployment", "churn-eu-west-1-v3")["spec"]["replicas"] = 0


@pytest.mark.parametrize(
    ("change", "drift", "classified", "says"),
    [
        (scaled, "changed", "argocd-heals", "it was scaled by hand"),
        (weights, "changed", "family", "41 50%, 42 50%, and git says 41 90%, 42 10%"),
        (deleted_routes, "missing", "family", "Requests no longer reach the versions"),
        (deleted, "missing", "argocd-heals", f"the Application prod-{FRAUD} syncs and heals"),
        (raised, "changed", "argocd-heals", "prod-tenant-risk-prod-eu-west-1 syncs and heals"),
        (unwatched, "missing", "argocd-heals", "syncs and heals"),
        (image, "changed", "family", "its pods run something else"),
        (image_without_label, "changed", "family", "its pods run something else"),
        (another_command, "changed", "family", "its pods run something else"),
        (hidden_routes, "changed", "family", "its routing differs from git"),
        (held_back, "changed", "person", "it has more than git says"),
        (ignoring, "changed", "person", "it differs from git"),
        (orphaned, "orphan", "person", "it never prunes it"),
        (unpruned, "orphan", "argocd-heals", "Argo CD prunes it"),
        (retargeted, "application", "family", "syncs something else"),
        (second_source, "application", "family", "syncs something else"),
        (switched_off, "not-automated", "person", "a rollback too, does not come"),
        (failed, "sync-failed", "person", "exceeded quota: risk"),
        (windowed, "sync-window", "person", "also stops rollbacks"),
        (unknown_commit, "revision", "argocd-heals", "which this clone does not have"),
        (paused, "changed", "person", "autoscaling is paused by hand"),
        (emptied, "changed", "person", "its autoscaler, which keeps at least 8, is off"),
    ],
)
def test_one_change_is_one_drift(
    world: World, change: Callable[[World], None], drift: str, classified: str, says: str
) -> None:
    change(world)
    report = world.report()
    assert report["exitCode"] == 13 and not report["unread"]
    [found] = report["items"]
    assert (found["drift"], found["classified"]) == (drift, classified)
    assert says.lower() in f"{found['what']} {found['means']}".lower()
    assert found["name"] in world.drift(output="text")[1]


def test_argocd_heals_nothing_where_it_does_not_follow_git(world: World) -> None:
    deleted(world)
    for change, says in (
        (retargeted, "follows another source"),
        (failed, "failed in its last sync: exceeded quota: risk"),
        (windowed, "is in a project with sync windows"),
    ):
        kept = deepcopy(world.apis[ARGOCD].objects)
        change(world)
        gone = next(e for e in world.report()["items"] if e["objectKind"] == "ServiceAccount")
        assert gone["classified"] == "person" and says in gone["means"]
        world.apis[ARGOCD].objects[:] = kept


def test_what_argocd_is_bringing_just_now_is_no_incident(world: World) -> None:
    weights(world)
    told = world.one(ARGOCD, "Application", f"prod-{FRAUD}")["status"]
    told["operationState"] = {"phase": "Running", "startedAt": "2026-03-01T08:59:00Z"}
    [found] = world.report()["items"]
    assert found["classified"] == "argocd-heals" and "is bringing it" in found["means"]
    for moment in ("2026-03-01T08:00:00Z", "2099-03-01T08:59:00Z"):  # stuck, or not true
        told["operationState"]["startedAt"] = moment
        [found] = world.report()["items"]
        assert found["classified"] == "family"


def test_a_region_that_serves_a_version_of_its_own_is_the_incident(world: World) -> None:
    for kind in ("Deployment", "DestinationRule"):
        made = deepcopy(world.one("prod-us-east-1", kind, "fraud-detection-us-east-1-v41"))
        text = json.dumps(made).replace('version": "41"', 'version": "39"').replace("v41", "v39")
        world.apis["prod-us-east-1"].objects.append(json.loads(text))
    routes = world.one("prod-us-east-1", "VirtualService", "fraud-detection-us-east-1")
    routes["spec"]["http"][0]["route"][0]["destination"]["subset"] = "v39"
    report = world.report("fraud-detection")
    named = {each["drift"]: each for each in report["items"]}
    assert "it serves 39 100%, and git names 41, 42" in named["unnamed-version"]["what"]
    assert "it serves 3 versions at once, and git says 2" in named["skew"]["what"]
    assert "us-east-1 39 100%" in named["skew"]["what"]
    classes = [each["classified"] for each in report["items"]]
    assert classes == sorted(classes, key=["family", "person", "argocd-heals"].index)


def test_objects_that_kubernetes_or_keda_made_are_no_orphans(world: World) -> None:
    made = deepcopy(world.one("prod-eu-west-1", "Deployment", "churn-eu-west-1-v3"))
    made |= {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    made["metadata"] |= {
        "name": "keda-hpa-churn-eu-west-1-v3", "uid": "keda",
        "ownerReferences": [{"kind": "ScaledObject", "name": "x", "controller": True}],
    }  # fmt: skip
    world.apis["prod-eu-west-1"].objects.append(made)
    other = deepcopy(made)
    other["metadata"] = {**made["metadata"], "uid": "other", "ownerReferences": []}
    other["metadata"]["labels"] = made["metadata"]["labels"] | {"lockstep.dev/environment": "qa"}
    world.apis["prod-eu-west-1"].objects.append(other)
    assert world.report()["items"] == []


def test_one_kubernetes_cluster_for_all_regions_has_no_orphans(world: World) -> None:
    every = [each for api in world.apis.values() for each in api.objects]
    for api in world.apis.values():
        api.objects[:] = every
    # A namespace has one quota, and git says another for each name of the cluster.
    assert {(d["drift"], d["objectKind"]) for d in world.report()["items"]} == {
        ("changed", "ResourceQuota")
    }


def test_an_object_that_lost_its_labels_is_changed_and_not_missing(world: World) -> None:
    del world.one("prod-eu-central-1", "Service", FRAUD)["metadata"]["labels"]
    [found] = world.report()["items"]
    assert (found["drift"], found["objectKind"]) == ("changed", "Service")
    assert all(each["path"].startswith("metadata.labels") for each in found["fields"])


def test_what_cannot_be_read_is_named_and_the_rest_is_compared(world: World) -> None:
    scaled(world)
    world.apis["prod-us-east-1"].faults["deployments"] = lambda: status(403, "no")
    world.apis["prod-eu-west-1"].token = "another"
    report = world.report()
    assert report["exitCode"] == 1
    assert [each["what"] for each in report["unread"]] == [
        "prod-eu-west-1", "prod-us-east-1 Deployment.apps",
    ]  # fmt: skip
    assert [each["name"] for each in report["items"]] == [f"{FRAUD}-v41"]
    code, text = world.drift(output="text")
    assert code == 1 and "could not be read: 2" in text and "may have drifted" in text


def test_without_argocd_nothing_is_said_to_heal(world: World) -> None:
    scaled(world)
    world.apis[ARGOCD].resources.clear()
    report = world.report()
    missing = [each for each in report["items"] if each["objectKind"] == "Application"]
    assert len(missing) == 21 and {each["classified"] for each in missing} == {"person"}
    left = world.report(*(f"--destination={name}" for name in REGIONS))
    [found] = left["items"]
    assert found["classified"] == "person" and "could not be read" in found["means"]
    assert left["summary"]["left"] == [ARGOCD, WATCHING] and left["summary"]["applications"] == 0


def test_values_that_could_be_secrets_are_not_shown(world: World) -> None:
    container = world.one("prod-eu-west-1", "Deployment", "churn-eu-west-1-v3")["spec"][
        "template"]["spec"]["containers"][0]  # fmt: skip
    container["env"] += [{"name": "PLAIN", "value": "hunter2"}]
    named = {each["name"]: each for each in container["env"]}
    named["MLFLOW_TRACKING_URI"]["value"] = "https://reader:hunter2@mlflow.example.com"
    password = named["MLFLOW_TRACKING_PASSWORD"]
    password["valueFrom"]["secretKeyRef"]["key"] = "hunter2"
    code, text = world.drift()
    assert code == 13 and "hunter2" not in text
    fields = {
        each["path"].rpartition("env")[2]: each for each in json.loads(text)["items"][0]["fields"]
    }
    assert fields["[PLAIN]"]["hidden"] and fields["[PLAIN]"]["live"] is None
    assert "hunter2" not in world.drift(output="text")[1]


def test_hostile_text_of_a_server_cannot_reach_the_terminal(world: World) -> None:
    told = world.one(ARGOCD, "Application", f"prod-{FRAUD}")["status"]
    told["conditions"] = [
        {"type": "ComparisonError", "message": "\x1b[2J\n::error::owned\u202e " + "x" * 5000}
    ]
    world.one("prod-eu-central-1", "Service", FRAUD)["spec"]["selector"]["\x1b]0;a\x07"] = "\x1b"
    code, text = world.drift(output="text")
    assert code == 13 and "\x1b" not in text and "\n::error" not in text and "x" * 400 not in text


def test_a_clone_that_cannot_fetch_compares_what_it_has_and_says_so(world: World) -> None:
    fleet = world.folder / "fleet"
    git(fleet, "remote", "add", "origin", "https://git.example.com/ml/fleet.git")
    git(fleet, "config", "url.http://127.0.0.1:1/.insteadOf", "https://git.example.com/")
    git(fleet, "update-ref", "refs/remotes/origin/main", "HEAD")
    report = world.report()
    shown = report["summary"]["shown"]
    assert report["exitCode"] == 0 and "as last fetched" in shown and ", because" in shown
    # Without a fetch no remote is asked, so there is no reason why it did not answer.
    report = world.report("--no-fetch")
    shown = report["summary"]["shown"]
    assert report["exitCode"] == 0 and "as last fetched" in shown and "because" not in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody",), "there is no family"),
        (("--destination", "mars"), "no cluster here has the destination 'mars'"),
        (("--context", "x"), "is not DESTINATION=CONTEXT"),
        (("--timeout", "0"), "is not in the range"),
        (("--report", "sarif=x"), "is not FORMAT=PATH"),
        (("--server", "https://x.example.com"), "--server asks one API"),
    ],
)
def test_a_command_line_without_meaning_is_usage(
    world: World, arguments: tuple[str, ...], says: str
) -> None:
    code, text = world.drift(*arguments, output="text")
    assert (code, says in text) == (2, True), text


def test_the_report_is_written_to_a_file_too_and_is_the_same_each_time(world: World) -> None:
    for change in (scaled, weights, deleted, orphaned):
        change(world)
    path = world.folder / "drift.json"
    _, first = world.drift("--report", f"json={path}")
    for api in world.apis.values():
        api.objects.reverse()
    assert path.read_text() == first == world.drift()[1]
    assert len(json.loads(first)["items"]) == 4


def test_a_slow_region_costs_no_other_its_comparison(world: World) -> None:
    scaled(world)
    slow = Reply({"items": [], "metadata": {}}, drip=1)
    world.apis["prod-us-east-1"].faults["services"] = lambda: slow
    report = world.report("--timeout", "8")
    assert [each["what"] for each in report["unread"]] == ["prod-us-east-1"]
    assert "no answer within" in report["unread"][0]["why"]
    assert [each["name"] for each in report["items"]] == [f"{FRAUD}-v41"]


def test_routes_that_lost_their_labels_still_say_what_is_served(world: World) -> None:
    weights(world)
    del world.one("prod-eu-central-1", "VirtualService", FRAUD)["metadata"]["labels"]
    [found] = world.report()["items"]
    assert "It serves 41 50%, 42 50%, and git says 41 90%, 42 10%" in found["means"]


def test_a_region_may_be_in_the_cluster_of_argocd(world: World) -> None:
    region, fleet = "prod-eu-central-1", world.folder / "fleet"
    for path in (*fleet.glob("clusters/prod/*.yaml"), *fleet.glob("rendered/prod/**/*.yaml")):
        path.write_text(path.read_text().replace(region, ARGOCD))
    git(fleet, "commit", "--quiet", "--all", "--message=Move a region")
    moved = json.dumps(world.apis[ARGOCD].objects).replace(region, ARGOCD)
    world.apis[ARGOCD].objects = json.loads(moved) + world.apis[region].objects
    for each in world.apis[ARGOCD].objects:
        if each["kind"] == "Application":
            each["status"]["sync"]["revision"] = git(fleet, "rev-parse", "HEAD")
    assert world.report()["items"] == []
    made = deepcopy(world.one("prod-eu-west-1", "ScaledObject", "churn-eu-west-1-v3"))
    made["metadata"] |= {"name": "by-hand", "uid": "by-hand"}
    world.apis[ARGOCD].objects.append(made)
    [found] = world.report()["items"]
    assert (found["drift"], found["name"]) == ("orphan", "by-hand")
