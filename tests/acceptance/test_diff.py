"""``lockstep diff`` on the reference fleet in a real repository: the answer on a pull request."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from tests.acceptance.world import git

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("clusters", "rendered", "policies", "templates")
RECOMMENDER = "clusters/prod/recommender"
FRAUD = "rendered/prod/clusters/fraud-detection-us-east-1"
WHAT = "image and env of a version with traffic:"
UNDO = "at the merge, without a canary; undo by git revert and render"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("diff") / "fleet"
    for name in PARTS:
        shutil.copytree(REPOSITORY / name, root / name)
    shutil.copy(REPOSITORY / "lockstep.yaml", root)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "ML platform")
    git(root, "config", "user.email", "ml-platform@example.com")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=the fleet")
    git(root, "tag", "first")
    return root


@pytest.fixture
def fleet(repository: Path) -> Iterator[Path]:
    """The fleet on a branch of its own, which is gone afterwards."""
    git(repository, "switch", "--quiet", "--force-create", "change", "main")
    yield repository
    git(repository, "reset", "--quiet", "--hard")
    git(repository, "clean", "--quiet", "-d", "--force")
    git(repository, "switch", "--quiet", "--force-create", "main", "first")


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert text.count(old) == 1, (path, old)
    (root / path).write_text(text.replace(old, new))


def render(root: Path) -> None:
    code, said = invoke(["render", "--root", str(root)])
    assert code == 0, said


def diff(root: Path, *arguments: str) -> tuple[int, str]:
    return invoke(["diff", "--root", str(root), *arguments])


def data(root: Path, *arguments: str) -> Any:
    code, said = diff(root, "--format", "json", *arguments)
    found = json.loads(said)
    assert found["exitCode"] == code
    return found


def dangers(root: Path) -> set[tuple[str, str]]:
    """The id of each danger, and the kind and role of the object."""
    objects = data(root)["items"]
    return {(d["id"], f"{o['kind']} {o['role']}".strip()) for o in objects for d in o["dangers"]}


def test_another_image_of_a_family_is_one_change_in_all_of_its_regions(fleet: Path) -> None:
    edit(fleet, f"{RECOMMENDER}/family.yaml", "ranker-server@sha256:b7", "ranker-server@sha256:a7")
    edit(fleet, f"{RECOMMENDER}/family.yaml", 'RANKER_THREADS: "2"', 'RANKER_THREADS: "4"')
    render(fleet)
    code, said = diff(fleet)
    assert code == 0
    assert said.startswith("3 of 14 clusters change against main: 4 objects changed; 4 dangers\n")
    dangerous, changes = said.split("\n\n")[1:]
    assert dangerous.splitlines() == [
        "Dangerous changes",
        f"  restart: {WHAT} it restarts in every region {UNDO}",
        "    in prod/recommender: Deployment v12 in eu-central-1, eu-west-1 and us-east-1",
        f"  restart: {WHAT} it restarts in eu-west-1 {UNDO}",
        "    in prod/recommender: Deployment v14 in eu-west-1",
    ]
    lines = changes.splitlines()
    assert lines[:2] == [
        "prod/recommender", "  Deployment v12 changes in eu-central-1, eu-west-1 and us-east-1",
    ]  # fmt: skip
    assert '    spec.template.spec.containers[model].env[RANKER_THREADS].value: "2" → "4"' in lines
    assert sum("containers[model].image: " in line for line in lines) == 2
    markdown = diff(fleet, "--format", "markdown")[1]
    assert markdown.startswith("### Lockstep: 3 of 14 clusters change against ` main `: ")
    assert "- ` restart `: ` image and env of a version" in markdown
    assert {each["region"] for each in data(fleet)["items"]} == {
        "eu-central-1", "eu-west-1", "us-east-1",
    }  # fmt: skip


def test_weights_are_said_by_version(fleet: Path) -> None:
    path = f"{RECOMMENDER}/eu-west-1.yaml"
    edit(fleet, path, 'version: "12", weight: 50', 'version: "12", weight: 90')
    edit(fleet, path, 'version: "14", weight: 50', 'version: "14", weight: 10')
    render(fleet)
    said = diff(fleet)[1]
    assert "\n  route eu-west-1: version 12 50 → 90, version 14 50 → 10\n" in said
    assert "; no dangers\n" in said


def test_a_deleted_cluster_and_one_without_capacity_are_dangers(fleet: Path) -> None:
    for path in (fleet / RECOMMENDER).glob("us-east-1.yaml"):
        path.unlink()
    shutil.rmtree(fleet / "rendered/prod/clusters/recommender-us-east-1")
    (fleet / FRAUD / "deployment-v41.yaml").unlink()
    assert dangers(fleet) == {
        ("production-deletion", "Application"), ("no-capacity", "Deployment v41"),
    }  # fmt: skip
    said = diff(fleet)[1]
    assert "version 41 gets requests, and has no Deployment" in said
    assert "2 of 14 clusters" in said


def test_a_selector_a_renamed_service_and_a_privilege_are_dangers(fleet: Path) -> None:
    selector = '    matchLabels:\n      "lockstep.dev/cluster": "fraud-detection-us-east-1"\n'
    deployment = f"{FRAUD}/deployment-v41.yaml"
    text = (fleet / deployment).read_text()
    text = text.replace(selector, f'{selector}      "tier": "a"\n', 1)
    text = text.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true")
    (fleet / deployment).write_text(text)
    edit(fleet, f"{FRAUD}/service.yaml", 'name: "fraud-detection-us-east-1"', 'name: "fraud"')
    edit(fleet, f"{FRAUD}/application.yaml", 'targetRevision: "main"', 'targetRevision: "other"')
    assert dangers(fleet) == {
        ("immutable-field", "Deployment v41"), ("privileges", "Deployment v41"),
        ("restart", "Deployment v41"), ("renamed-service", "Service"),
        ("argocd-source", "Application"),
    }  # fmt: skip
    order = [line for line in diff(fleet)[1].splitlines() if line.startswith("  ")]
    assert order[0].startswith("  immutable-field: ")


def test_a_rule_that_is_switched_off_and_a_waiver_are_dangers(fleet: Path) -> None:
    off = "switchedOff:\n      min-replicas: {owner: ml@example.com, reason: one pod will do}"
    edit(fleet, "policies/data/rules.yaml", "switchedOff: {}", off)
    waiver = "spec:\n  waivers:\n    - {rule: no-secret, expires: '2026-12-31'}\n"
    (fleet / "policies/data/waivers").mkdir(exist_ok=True)
    (fleet / "policies/data/waivers/shop.yaml").write_text(waiver)
    shutil.rmtree(fleet / "policies/rules/skew-duration")
    assert dangers(fleet) == {
        ("rule-off", "PolicyData data/rules.yaml"),
        ("rule-off", "PolicyData data/waivers/shop.yaml"),
        ("rule-off", "Rule skew-duration"),
    }
    said = diff(fleet)[1]
    assert "rule min-replicas is switched off; reason: one pod will do" in said
    assert said.startswith("0 of 14 clusters change")


def test_the_base_and_the_merge_are_those_of_a_check(fleet: Path) -> None:
    edit(fleet, f"{RECOMMENDER}/family.yaml", 'RANKER_THREADS: "2"', 'RANKER_THREADS: "4"')
    render(fleet)
    git(fleet, "commit", "--quiet", "--all", "--message=threads")
    # Meanwhile main moves on: what is new there is no part of the change.
    git(fleet, "switch", "--quiet", "main")
    edit(fleet, "clusters/prod/fraud-detection/us-east-1.yaml", "replicas: 6", "replicas: 8")
    render(fleet)
    git(fleet, "commit", "--quiet", "--all", "--message=replicas")
    git(fleet, "switch", "--quiet", "change")
    found = data(fleet)
    assert found["summary"]["base"] == "main" and {o["family"] for o in found["items"]} == {
        "recommender"
    }
    # A tip of the followed branch is compared with the commit before it.
    git(fleet, "switch", "--quiet", "main")
    (alone,) = data(fleet)["items"]
    assert alone["fields"] == [{"path": "spec.replicas", "before": 6, "after": 8}]
    assert {o["family"] for o in data(fleet, "--base", "first")["items"]} == {"fraud-detection"}


def test_a_change_that_does_not_merge_is_an_error_in_every_report(
    fleet: Path, tmp_path: Path
) -> None:
    spec = "clusters/prod/fraud-detection/us-east-1.yaml"
    edit(fleet, spec, "replicas: 6", "replicas: 7")
    git(fleet, "commit", "--quiet", "--all", "--message=7")
    git(fleet, "switch", "--quiet", "main")
    edit(fleet, spec, "replicas: 6", "replicas: 8")
    git(fleet, "commit", "--quiet", "--all", "--message=8")
    git(fleet, "switch", "--quiet", "change")
    files = {name: tmp_path / name for name in ("json", "markdown", "text")}
    wanted = [f"--report={name}={path}" for name, path in files.items()]
    code, said = diff(fleet, *wanted)
    assert code == 1 and "does not merge" in said
    assert all("does not merge" in path.read_text() for path in files.values())
    assert json.loads(files["json"].read_text())["exitCode"] == 1


def test_reports_are_written_beside_what_is_printed(fleet: Path, tmp_path: Path) -> None:
    report = tmp_path / "new/diff.md"
    wanted = (f"--report=markdown={report}", f"--report=json={tmp_path / 'd.json'}")
    code, said = diff(fleet, "--base", "main", *wanted)
    assert code == 0
    assert said == "nothing changes in manifests, policies and settings against main\n"
    assert report.read_text().startswith("### Lockstep: nothing changes")
    assert json.loads((tmp_path / "d.json").read_text())["items"] == []
    assert diff(fleet, "--report=sarif=x")[0] == 2


def test_a_manifest_that_cannot_be_read_is_a_finding_and_the_rest_is_compared(fleet: Path) -> None:
    (fleet / FRAUD / "service.yaml").write_text("kind: [a\n")
    edit(fleet, f"{FRAUD}/deployment-v41.yaml", "replicas: 6", "replicas: 8")
    found = data(fleet)
    assert found["exitCode"] == 10
    assert [(f["rule"], f["file"]) for f in found["findings"]] == [
        ("diff.unreadable", f"{FRAUD}/service.yaml")
    ]
    assert [each["kind"] for each in found["items"]] == ["Deployment"]
    (fleet / FRAUD / "service.yaml").unlink()
    (fleet / FRAUD / "service.yaml").symlink_to("deployment-v41.yaml")
    assert data(fleet)["exitCode"] == 10


def test_folders_that_are_the_same_are_not_read(fleet: Path) -> None:
    git(fleet, "switch", "--quiet", "main")
    (fleet / FRAUD / "service.yaml").write_text("kind: [a\n")
    git(fleet, "commit", "--quiet", "--all", "--message=broken")
    git(fleet, "switch", "--quiet", "--force-create", "change", "main")
    edit(fleet, "rendered/prod/clusters/fraud-detection-eu-west-1/deployment-v41.yaml",
         "replicas: 3", "replicas: 4")  # fmt: skip
    found = data(fleet)
    assert found["exitCode"] == 0 and found["summary"]["clusters"] == 1


def test_before_a_first_commit_everything_is_new_and_no_cluster_is_nothing(
    fleet: Path, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    for name in PARTS[:2]:
        shutil.copytree(fleet / name, tmp_path / name)
    found = data(tmp_path)
    assert (
        found["summary"]["base"] == ""
        and found["summary"]["clusters"] == found["summary"]["of"] == 14
    )
    assert {each["change"] for each in found["items"]} == {"added"}
    shutil.rmtree(tmp_path / "clusters")
    assert diff(tmp_path)[0] == 3
    assert diff(fleet, "--base", "no-such-branch")[0] == 2


def test_a_tenant_and_an_environment_are_compared_too(fleet: Path) -> None:
    project = "rendered/prod/tenants/risk/appproject.yaml"
    edit(fleet, project, '      kind: Namespace\n      name: "fraud-detection"',
         '      kind: Namespace')  # fmt: skip
    edit(fleet, "rendered/prod/environment/applications.yaml", 'path: "rendered/prod"', 'path: "x"')
    assert dangers(fleet) == {
        ("privileges", "AppProject prod-risk"), ("argocd-source", "Application lockstep-prod"),
    }  # fmt: skip
    assert {each["environment"] for each in data(fleet)["items"]} == {"prod"}
