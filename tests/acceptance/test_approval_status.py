"""``lockstep approval``, as docs/how-to/approvals.md has it, on a real Gitea."""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from tests.acceptance.gitea_server import Account, Gitea, gitea, needs_gitea
from tests.acceptance.rollouts import HEAD
from tests.acceptance.world import END, FAMILY, World, connect

__all__ = ["gitea"]  # the fixture

pytestmark = needs_gitea

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
APPROVERS = "policies/data/approvers.yaml"
ENVIRONMENT = "clusters/prod/environment.yaml"
_NUMBERS = itertools.count(1)


def patiently(call: Callable[[], Any]) -> Any:
    """What a call gives, which Gitea may refuse at first: a push takes a moment."""
    for _ in range(30):
        try:
            return call()
        except AssertionError:
            time.sleep(0.2)
    return call()


@dataclass
class Fleet:
    """A fleet at a Gitea: its bot, a person who writes, and two who may approve."""

    world: World
    server: Gitea
    repository: str
    author: Account
    lead: Account
    deputy: Account

    def approvers(self, *accounts: Account) -> str:
        people = "".join(
            f"        - {{name: {a.name}@example.com, key: {KEY}, logins: {{gitea: {login}}}}}\n"
            # As a person may write it; Gitea does not tell the two apart.
            for a in accounts
            for login in [a.name.title()]
        )
        return (
            "thresholds:\n  approvers:\n    pullRequests: [release-managers]\n    roles:\n"
            f"      release-managers:\n{people}"
        )

    def write(self, path: str, text: str, message: str = "by hand", author: str = "") -> None:
        file = self.world.clone / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.commit(message, author)

    def commit(self, message: str = "by hand", author: str = "") -> None:
        self.world.git("add", "--all")
        who = [f"--author={author} <{author}>"] if author else []
        self.world.git("commit", "--quiet", "-m", message, *who)

    def start(self) -> None:
        """A branch for a pull request, at the tip of main."""
        self.world.git("switch", "--quiet", "--force-create", "change", "origin/main")

    def push(self) -> str:
        self.world.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/change")
        return self.world.git("rev-parse", "HEAD")

    def open(self) -> int:
        """Open a pull request of the branch; its number."""
        return self.open_as(self.author, "change")

    def open_as(self, who: Account, head: str) -> int:
        made = patiently(
            lambda: self.server.api(
                "POST", f"/repos/{self.repository}/pulls", who, title="a change", head=head,
                base="main",
            )
        )  # fmt: skip
        return int(made["number"])

    def approve(self, number: int, who: Account, sha: str) -> None:
        self.server.api(
            "POST", f"/repos/{self.repository}/pulls/{number}/reviews", who, event="APPROVED",
            body="as discussed", commit_id=sha,
        )  # fmt: skip

    def approval(self, sha: str, *more: str) -> tuple[int, str]:
        root = ["--root", str(self.world.clone), "--now", END]
        return invoke(["approval", "--head", sha, *root, *more])

    def status(self, sha: str) -> tuple[str, str]:
        """The state and the description of the status of a commit, as the forge has it."""
        found = self.server.api("GET", f"/repos/{self.repository}/commits/{sha}/status")
        (status,) = found["statuses"]
        assert status["context"] == "lockstep/approval"
        return status["status"], status["description"]

    def statuses(self, sha: str) -> Sequence[Any]:
        found = self.server.api("GET", f"/repos/{self.repository}/commits/{sha}/status")
        return list(found["statuses"] or [])


@pytest.fixture
def fleet(world: World, gitea: Gitea, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fleet:
    number = next(_NUMBERS)
    names = ("owner", "author", "lead", "deputy", "bot")
    users = [f"{name}{number}-{next(_NUMBERS)}" for name in names]
    owner, author, lead, deputy, bot = (gitea.create_user(user) for user in users)
    repository = gitea.create_repository(owner, "fleet")
    for account in (author, lead, deputy, bot):
        gitea.collaborate(repository, account)
    url = gitea.clone_url(repository)
    for name, value in gitea.git_environment(owner).items():
        monkeypatch.setenv(name, value)
    # As a runner of Gitea sets them in a job.
    for name, value in {
        "GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": gitea.url,
        "GITHUB_API_URL": f"{gitea.url}/api/v1", "GITHUB_TOKEN": bot.token,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    connect(world.clone, url)
    world.git("remote", "set-url", "origin", url)
    made = Fleet(world, gitea, repository, author, lead, deputy)
    made.write("lockstep.yaml", f"branch: main\nrepository: {url}\n")
    made.write(APPROVERS, made.approvers(lead, deputy))
    world.git("push", "--quiet", "origin", "main")
    made.start()
    return made


def adopt(fleet: Fleet) -> tuple[str, int]:
    """A pull request with an adoption; its head and its number."""
    file = fleet.world.clone / HEAD
    file.write_text(file.read_text().replace("timeout: 2s", "timeout: 3s"))
    fleet.world.must("render")
    fleet.commit()
    fleet.push()
    fleet.world.must("adopt", FAMILY, "--branch", "change", "--reason", "as agreed", at=END)
    fleet.world.git("fetch", "--quiet", "origin")
    fleet.world.git("reset", "--quiet", "--hard", "origin/change")
    # With a token, the verb has opened the pull request of the branch, as the bot.
    (made,) = fleet.server.api("GET", f"/repos/{fleet.repository}/pulls?state=open")
    return fleet.world.git("rev-parse", "HEAD"), int(made["number"])


def test_a_change_that_moves_nothing_needs_nobody(fleet: Fleet) -> None:
    fleet.write("README.md", "words\n")
    sha = fleet.push()
    fleet.open()
    code, said = fleet.approval(sha)
    assert code == 0 and "lockstep/approval is success" in said
    assert fleet.status(sha) == ("success", "nothing of this change needs an approval")


def test_an_adoption_waits_for_exactly_this_commit_to_be_approved(fleet: Fleet) -> None:
    sha, number = adopt(fleet)
    code, said = fleet.approval(sha)
    assert code == 0 and "approval.adopt" in said
    state, text = fleet.status(sha)
    assert state == "pending"
    assert text == f"1 change to approve by one of: {fleet.deputy.name}, {fleet.lead.name}"
    # A dry run sets nothing.
    fleet.approve(number, fleet.lead, sha)
    said = fleet.approval(sha, "--dry-run")[1]
    assert "would be success" in said and fleet.status(sha)[0] == "pending"
    code, said = fleet.approval(sha, "--format", "json")
    assert code == 0
    data = json.loads(said)
    assert data["summary"]["state"] == "success" and data["findings"][0]["rule"] == "approval.adopt"
    name = f"{fleet.lead.name}@example.com"
    assert fleet.status(sha) == ("success", f"1 change approved by {name}")
    # A further push is another commit, which nobody has approved.
    fleet.write("README.md", "words\n")
    later = fleet.push()
    said = fleet.approval(later)[1]
    assert f"by {name} does not count: it is for {sha[:12]}, and the head is" in said
    assert fleet.status(later)[0] == "pending"
    fleet.approve(number, fleet.deputy, later)
    fleet.approval(later)
    assert fleet.status(later)[0] == "success"


def test_the_approval_of_a_person_without_the_role_does_not_count(fleet: Fleet) -> None:
    sha, number = adopt(fleet)
    stranger = fleet.server.create_user(f"stranger{next(_NUMBERS)}")
    fleet.approve(number, stranger, sha)
    fleet.approval(sha)
    assert fleet.status(sha)[0] == "pending"


def test_nobody_approves_what_they_have_written(fleet: Fleet) -> None:
    fleet.write(APPROVERS, fleet.approvers(fleet.lead), author=f"{fleet.lead.name}@example.com")
    sha = fleet.push()
    number = fleet.open()
    fleet.approve(number, fleet.lead, sha)
    said = fleet.approval(sha)[1]
    assert "does not count: they have written a commit of it" in said
    assert fleet.status(sha)[0] == "pending"
    fleet.approve(number, fleet.deputy, sha)
    fleet.approval(sha)
    assert fleet.status(sha)[0] == "success"


def test_who_may_approve_is_said_by_the_base(fleet: Fleet) -> None:
    stranger = fleet.server.create_user(f"stranger{next(_NUMBERS)}")
    fleet.write(APPROVERS, fleet.approvers(stranger))
    sha = fleet.push()
    fleet.approve(fleet.open(), stranger, sha)
    code, said = fleet.approval(sha)
    assert code == 0 and "approval.approvers: this change says who may approve" in said
    assert fleet.status(sha)[0] == "pending"


def test_an_approval_is_taken_back_by_asking_for_changes(fleet: Fleet) -> None:
    sha, number = adopt(fleet)
    fleet.approve(number, fleet.lead, sha)
    fleet.approval(sha)
    assert fleet.status(sha)[0] == "success"
    fleet.server.api(
        "POST", f"/repos/{fleet.repository}/pulls/{number}/reviews", fleet.lead,
        event="REQUEST_CHANGES", body="wait", commit_id=sha,
    )  # fmt: skip
    fleet.approval(sha)
    assert fleet.status(sha)[0] == "pending"


def test_the_rules_of_the_base_say_what_needs_approval(fleet: Fleet) -> None:
    """A pull request that weakens the rule, in the same commit as what the rule reports."""
    rule = "policies/rules/argocd-source"
    for file in (fleet.world.clone / rule).iterdir():
        file.unlink()
    file = fleet.world.clone / ENVIRONMENT
    file.write_text(file.read_text().replace("project: default", "project: x"))
    fleet.world.must("render")
    fleet.commit()
    sha = fleet.push()
    fleet.open()
    code, said = fleet.approval(sha)
    assert code == 0 and 'argocd-source: "project" of spec.argocd changes' in said
    assert fleet.status(sha)[0] == "pending"


def test_where_the_token_goes_needs_an_approval(fleet: Fleet) -> None:
    file = fleet.world.clone / "lockstep.yaml"
    fleet.write("lockstep.yaml", file.read_text().replace("/fleet.git", "/other.git"))
    sha = fleet.push()
    fleet.open()
    fleet.world.git("switch", "--quiet", "main")
    assert "approval.settings" in fleet.approval(sha)[1]
    assert fleet.status(sha)[0] == "pending"


def test_servers_of_gates_need_an_approval(fleet: Fleet) -> None:
    servers = "{quality: {url: 'https://quality.example.com/'}}"
    fleet.write("policies/data/http.yaml", f"thresholds:\n  http:\n    servers: {servers}\n")
    sha = fleet.push()
    fleet.open()
    assert "approval.servers" in fleet.approval(sha)[1]
    # The check says so, too, and lists it first.
    code, said = fleet.world.lockstep("check")
    assert code == 0 and "approval.servers" in said


def test_what_cannot_be_merged_is_a_failure(fleet: Fleet) -> None:
    fleet.write("README.md", "ours\n")
    sha = fleet.push()
    fleet.open()
    fleet.approval(sha)
    fleet.world.git("switch", "--quiet", "main")
    fleet.write("README.md", "theirs\n")
    fleet.world.git("push", "--quiet", "origin", "main")
    code, said = fleet.approval(sha)
    assert code == 1 and "README.md" in said
    state, text = fleet.status(sha)
    assert state == "failure" and text.startswith("it could not be found out: the change does not")


def test_what_is_malformed_waits_until_it_is_fixed(fleet: Fleet) -> None:
    fleet.write(f"clusters/{FAMILY}/family.yaml", "kind: ModelFamily\n")
    sha = fleet.push()
    fleet.open()
    assert fleet.approval(sha)[0] == 0
    state, text = fleet.status(sha)
    assert state == "pending" and "what needs approval is known once they are fixed" in text


def test_a_commit_that_is_no_head_has_no_status(fleet: Fleet) -> None:
    sha = fleet.push()
    fleet.server.wait_for_push(fleet.repository)
    code, said = fleet.approval(sha)
    assert code == 3 and "no open pull request to main" in said
    assert fleet.statuses(sha) == []
    code, said = fleet.approval("main")
    assert code == 2 and "not the full id of a commit" in said


def test_no_success_stays_where_the_pull_requests_cannot_be_listed(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can open pull requests can open more than are read."""
    fleet.write("README.md", "words\n")
    sha = fleet.push()
    fleet.open()
    fleet.approval(sha)
    assert fleet.status(sha)[0] == "success"
    monkeypatch.setattr("lockstep.forges.api._MOST_PAGES", 0)
    code, said = fleet.approval(sha)
    assert code == 1 and "no more are read" in said
    assert fleet.status(sha)[0] == "failure"


def test_a_fleet_without_people_for_it_says_so(fleet: Fleet) -> None:
    fleet.world.git("switch", "--quiet", "main")
    fleet.write(APPROVERS, "thresholds:\n  approvers: {roles: {}}\n")
    fleet.world.git("push", "--quiet", "origin", "main")
    fleet.start()
    sha, _ = adopt(fleet)
    said = fleet.approval(sha)[1]
    assert "nobody may: policies/data/approvers.yaml of the base" in said
    assert fleet.status(sha)[0] == "pending"


def test_nothing_of_the_pull_request_is_checked_out(fleet: Fleet) -> None:
    head = fleet.world.git("rev-parse", "main")
    sha, _ = adopt(fleet)
    fleet.world.git("switch", "--quiet", "main")
    fleet.world.git("branch", "--quiet", "-D", "change")
    fleet.approval(sha)
    assert fleet.world.git("rev-parse", "HEAD") == head and fleet.world.is_clean()


def test_a_pull_request_from_a_fork_is_found(fleet: Fleet, tmp_path: Path) -> None:
    stranger = fleet.server.create_user(f"stranger{next(_NUMBERS)}")
    fleet.server.api("POST", f"/repos/{fleet.repository}/forks", stranger, name="fleet")
    fleet.write(APPROVERS, fleet.approvers(stranger))
    environment = fleet.server.git_environment(stranger)
    address = fleet.server.clone_url(f"{stranger.name}/fleet")
    subprocess.run(
        ["git", "push", "--quiet", address, "HEAD:refs/heads/change"],
        cwd=fleet.world.clone, env={**os.environ, **environment}, check=True,
    )  # fmt: skip
    sha = fleet.world.git("rev-parse", "HEAD")
    number = fleet.open_as(stranger, f"{stranger.name}:change")
    fleet.start()
    fleet.approval(sha)
    assert fleet.status(sha)[0] == "pending"
    fleet.approve(number, fleet.lead, sha)
    fleet.approval(sha)
    assert fleet.status(sha)[0] == "success"
