"""What becomes of a pull request where the forge does not do what it is asked."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lockstep.check.followed import Followed
from lockstep.check.forge_probes import forge_probes
from lockstep.edges import http
from lockstep.edges.git import Git, Remote
from lockstep.rollout.commit_message import pull_request_text
from lockstep.transactions.pull_requests import offer_branch
from tests.unit.json_server import Answers, Reply, json_server
from tests.unit.model.records import FULL

TEXT = pull_request_text([FULL])

ADDRESS = "https://git.example.com/ml/fleet.git"


@pytest.fixture(autouse=True)
def _no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PAUSES", ())
    for name in ("LOCKSTEP_FORGE_TOKEN", "GITHUB_TOKEN", "GITEA_TOKEN", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)


def fleet(folder: Path, api: str = "", repository: str = ADDRESS) -> Git:
    """A clone whose followed branch names a Gitea, where it has an address."""
    forge = f"forge:\n  kind: gitea\n  api: {api}\n" if api else ""
    folder.mkdir()
    (folder / "lockstep.yaml").write_text(f"branch: main\nrepository: {repository}\n{forge}")
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["-c", "user.name=A person", "-c", "user.email=person@example.com", "commit", "-qm", "x"],
        ["remote", "add", "origin", ADDRESS],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return Git.find(folder)


def followed(git: Git, remote: bool = True) -> Followed:
    tip = git.resolve("HEAD")
    assert tip
    return Followed("main", Remote("origin", (ADDRESS,), (ADDRESS,)) if remote else None, tip)


def test_without_a_remote_there_is_nothing_to_say(tmp_path: Path) -> None:
    git = fleet(tmp_path / "clone")
    offer = offer_branch(git, followed(git, remote=False), "x", TEXT, keep_text=False)
    assert (offer.problem, offer.failed) == ("", False)


def test_where_git_talks_to_a_folder_there_is_nothing_to_say(tmp_path: Path) -> None:
    git = fleet(tmp_path / "clone")
    # As url.<base>.insteadOf makes of the fleet's address.
    remote = Remote("origin", ("/srv/fleet.git", ADDRESS), ("/srv/fleet.git",))
    at = Followed("main", remote, followed(git).tip)
    assert offer_branch(git, at, "x", TEXT, keep_text=False).problem == ""


def test_an_unknown_forge_is_no_failure(tmp_path: Path) -> None:
    git = fleet(tmp_path / "clone")
    offer = offer_branch(git, followed(git), "x", TEXT, keep_text=False)
    assert "no forge is known for 'git.example.com'" in offer.problem
    assert "forge: {kind: gitea}" in offer.fix and not offer.failed
    (probe,) = forge_probes(tmp_path / "clone")
    assert (probe.part, probe.health.value) == ("forge", "warning")


def test_a_missing_token_is_no_failure_and_named(tmp_path: Path) -> None:
    git = fleet(tmp_path / "clone", "https://git.example.com/api/v1")
    offer = offer_branch(git, followed(git), "x", TEXT, keep_text=False)
    assert offer.fix == "set LOCKSTEP_FORGE_TOKEN, or GITEA_TOKEN" and not offer.failed


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_forge_that_refuses_is_a_failure_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("GITEA_TOKEN", "s3cr3t")
    with json_server(lambda _: Reply({"message": "not now, s3cr3t"}, status)) as server:
        git = fleet(tmp_path / "clone", f"{server.url}/api/v1")
        offer = offer_branch(git, followed(git), "x", TEXT, keep_text=False)
    assert offer.failed and f"HTTP {status}" in offer.problem and offer.fix
    assert "s3cr3t" not in offer.problem + offer.fix


def gitea(protected: bool, statuses: list[str], push: bool) -> Answers:
    repository: Any = {
        "full_name": "ml/fleet", "default_branch": "main", "permissions": {"push": True}
    }  # fmt: skip
    branch = {
        "protected": protected, "user_can_push": push, "enable_status_check": True,
        "status_check_contexts": statuses, "required_approvals": 2,
    }  # fmt: skip
    by_end = {"/user": {"login": "bot"}, "/branches/main": branch, "/fleet": repository}

    def answers(request: Any) -> Reply:
        if request.method == "POST":
            return Reply({"message": "no"}, 422)
        return Reply(next(v for k, v in by_end.items() if request.path.endswith(k)))

    return answers


@pytest.mark.parametrize(
    ("protected", "statuses", "push", "health", "said"),
    [
        (False, [], True, ("warning", "ok"), "is not protected"),
        (True, ["lockstep check"], False, ("warning", "warning"), "status lockstep/approval"),
        (True, ["*"], True, ("ok", "ok"), "requires lockstep check and lockstep/approval"),
        (True, ["check / lockstep check (pull_request)", "lockstep/approval"], True,
         ("ok", "ok"), "2 approvals"),
    ],
)  # fmt: skip
def test_doctor_judges_protection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protected: bool, statuses: list[str],
    push: bool, health: tuple[str, str], said: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("GITEA_TOKEN", "s3cr3t")
    with json_server(gitea(protected, statuses, push)) as server:
        fleet(tmp_path / "clone", f"{server.url}/api/v1")
        found = {each.part: each for each in forge_probes(tmp_path / "clone")}
    assert found["forge"].health.value == found["forge token"].health.value == "ok", found
    assert (found["protection"].health.value, found["bot"].health.value) == health
    assert said in found["protection"].found


def test_doctor_sends_no_token_where_only_the_work_tree_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITEA_TOKEN", "s3cr3t")
    with json_server(lambda _: Reply({})) as server:
        fleet(tmp_path / "clone")
        file = tmp_path / "clone" / "lockstep.yaml"
        file.write_text(f"{file.read_text()}forge:\n  kind: gitea\n  api: {server.url}/api/v1\n")
        subprocess.run(["git", "switch", "-qc", "theirs"], cwd=file.parent, check=True)
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qam", "x"],
            cwd=file.parent, check=True,
        )  # fmt: skip
        (probe,) = forge_probes(file.parent)
    assert "no forge is known" in probe.found and not server.asked
