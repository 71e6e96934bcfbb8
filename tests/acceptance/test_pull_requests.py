"""Verbs on a fleet at a real Gitea: what is pushed to a branch becomes a pull request."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from lockstep.cli import invoke
from lockstep.edges.git import Git, PushRefused, Raced
from tests.acceptance.gitea_server import SCOPES, Account, Gitea, gitea, needs_gitea
from tests.acceptance.rollouts import DAY, leave_eu, roll
from tests.acceptance.world import FAMILY, World, git

__all__ = ["gitea"]  # the fixture

pytestmark = needs_gitea

REVERT = ("revert", FAMILY, "--reason", "bad")


@dataclass
class AtGitea:
    """A world whose origin is a repository of a Gitea; the bot's token is in the environment."""

    world: World
    server: Gitea
    owner: Account
    bot: Account
    repository: str

    def pull_requests(self) -> list[Any]:
        found: list[Any] = self.server.api("GET", f"/repos/{self.repository}/pulls?state=all")
        return found


SignIn = Callable[[Account], None]


@pytest.fixture
def sign_in(gitea: Gitea, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """Put an account's token where git and Lockstep find it."""

    def use(account: Account) -> None:
        for name, value in gitea.git_environment(account).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("GITEA_TOKEN", account.token)

    return use


@pytest.fixture
def make(gitea: Gitea, sign_in: SignIn) -> Callable[[World], AtGitea]:
    """Move a world's origin to the server."""

    def move(world: World) -> AtGitea:
        name = secrets.token_hex(4)
        owner, bot = gitea.create_user(f"owner-{name}"), gitea.create_user(f"bot-{name}")
        repository = gitea.create_repository(owner, "fleet")
        gitea.collaborate(repository, bot)
        address = gitea.clone_url(repository)
        (world.clone / "lockstep.yaml").write_text(
            f"branch: main\nrepository: {address}\n"
            f"forge:\n  kind: gitea\n  api: {gitea.url}/api/v1\n"
        )
        world.git("commit", "--quiet", "--all", "-m", "Move to another server")
        world.git("remote", "set-url", "origin", address)
        sign_in(owner)
        world.git("push", "--quiet", "origin", "main")
        gitea.wait_for_push(repository)
        gitea.api("PATCH", f"/repos/{repository}", default_branch="main")
        sign_in(bot)
        return AtGitea(world, gitea, owner, bot, repository)

    return move


def test_a_proposal_is_one_pull_request_however_often_it_runs(
    world: World, make: Callable[[World], AtGitea]
) -> None:
    here = make(world)
    said = world.must("propose", FAMILY, "2", "--reason", "better @everyone <b>#1</b>")
    (opened,) = here.pull_requests()
    assert f"pull request {opened['number']}: {opened['html_url']}" in said
    assert here.bot.token not in said
    assert opened["title"] == f"propose {FAMILY}: version 2 as candidate"
    assert "    better @everyone <b>#1</b>\n" in opened["body"]  # as code, so nobody is notified
    assert [label["name"] for label in opened["labels"]] == ["lockstep"]
    assert (opened["base"]["ref"], opened["user"]["login"]) == ("main", here.bot.name)
    again = json.loads(world.must("propose", FAMILY, "2", "--reason", "better @everyone <b>#1</b>",
                                  "--format", "json"))  # fmt: skip
    assert again["items"][0]["pullRequest"] == {
        "url": opened["html_url"], "number": opened["number"], "created": False,
        "problem": "", "fix": "", "failed": False,
    }  # fmt: skip
    assert len(here.pull_requests()) == 1


def test_a_pull_request_that_cannot_be_opened_loses_nothing(
    world: World, make: Callable[[World], AtGitea], sign_in: SignIn
) -> None:
    here = make(world)
    # This token may open one, and may not label it.
    sign_in(here.server.another_token(here.bot.name, ["write:repository"]))
    said = world.must("propose", FAMILY, "2")
    (opened,) = here.pull_requests()
    assert opened["html_url"] in said and "it has no label lockstep: " in said
    here.server.api("PATCH", f"/repos/{here.repository}/pulls/{opened['number']}", state="closed")
    weak = here.server.another_token(here.bot.name, ["read:repository"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITEA_TOKEN", weak.token)
        code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 1, said
    assert f"is proposed on branch {opened['head']['ref']}" in said
    assert "no pull request was opened: " in said and "required scope" in said
    assert "run the same again, which finds the branch" in said and weak.token not in said
    assert git(world.clone, "ls-remote", "origin", opened["head"]["ref"])
    sign_in(here.bot)
    assert "pull request 2: " in world.must("propose", FAMILY, "2")


def test_a_rollback_that_protection_refuses_is_a_pull_request(
    world: World, make: Callable[[World], AtGitea], sign_in: SignIn
) -> None:
    roll(world, "08")
    here = make(world)
    here.server.protect(here.repository, pushers=[here.owner])
    found = set()
    for minute in (30, 31):  # the later run finds the branch, and leaves its commit as it is
        code, said = world.lockstep(*REVERT, at=f"{DAY}08:{minute}:00Z")
        assert code == 12 and "NOT LIVE" in said, said
        assert "was refused: Not allowed to push to protected branch main\n" in said
        (opened,) = here.pull_requests()
        assert opened["html_url"] in said and opened["head"]["ref"].startswith("lockstep/revert/")
        found.add((opened["head"]["sha"], opened["body"]))
    ((made, body),) = found
    world.git("fetch", "--quiet", "origin", made)
    trailers = world.git("show", "--no-patch", "--format=%(trailers:only)", made).splitlines()
    assert all(f"    {line}\n" in body for line in trailers if "Decision" in line)
    before = world.git("ls-remote", "origin", "main")
    # The owner may push: the same rollback is live at once.
    sign_in(here.owner)
    world.must(*REVERT, at=f"{DAY}08:40:00Z")
    assert world.git("ls-remote", "origin", "main") != before


def test_a_pull_request_of_people_keeps_their_words(
    world: World, make: Callable[[World], AtGitea]
) -> None:
    here = make(world)
    leave_eu(world, "by-hand")
    world.git("push", "--quiet", "origin", "by-hand")
    here.server.api("POST", f"/repos/{here.repository}/pulls", here.owner, title="Ours",
                    body="why", head="by-hand", base="main")  # fmt: skip
    said = world.must("adopt", FAMILY, "--reason", "one region is enough", "--branch", "by-hand")
    assert "NOT LIVE" in said and "pull request 1: " in said
    (kept,) = here.pull_requests()
    assert (kept["title"], kept["body"]) == ("Ours", "why")
    assert [label["name"] for label in kept["labels"]] == ["lockstep"]


def test_a_refusal_and_a_race_are_known_by_the_tip(
    world: World, make: Callable[[World], AtGitea], sign_in: SignIn
) -> None:
    here = make(world)
    here.server.protect(here.repository, pushers=[here.owner])
    repository = Git.find(world.clone)
    (remote,) = repository.remotes()
    base = world.git("rev-parse", "main")

    def commit(text: str) -> str:
        tree = world.git("rev-parse", f"{base}^{{tree}}")
        return repository.commit_tree(tree, [base], text)

    with pytest.raises(PushRefused, match="main to origin was refused"):
        repository.push(remote, commit("the bot's"), "main", base)
    sign_in(here.owner)
    repository.push(remote, commit("the owner's"), "main", base)
    sign_in(here.bot)
    # The server would refuse this one as well, and it is too late: that is what counts.
    with pytest.raises(Raced):
        repository.push(remote, commit("the bot's, later"), "main", base)
    sign_in(here.owner)
    with pytest.raises(Raced):
        repository.push(remote, commit("the owner's, later"), "main", base)


def test_doctor_says_what_is_missing_at_the_forge(
    world: World, make: Callable[[World], AtGitea], sign_in: SignIn
) -> None:
    here = make(world)

    def probes() -> dict[str, tuple[str, str, str]]:
        _, said = invoke(["doctor", "--root", str(world.clone), "--format", "json"])
        return {p["part"]: (p["health"], p["found"], p["fix"]) for p in json.loads(said)["items"]}

    seen = probes()
    assert seen["forge"][:2] == (
        "ok", f"{here.repository} at Gitea, {here.server.url}/api/v1, as {here.bot.name}"
    )  # fmt: skip
    assert seen["forge token"][0] == "ok"
    assert seen["protection"][0] == "warning" and "is not protected" in seen["protection"][1]
    statuses = ["check / lockstep check (pull_request)", "lockstep/approval"]
    here.server.protect(here.repository, statuses=statuses[:1], pushers=[here.owner])
    sign_in(here.server.another_token(here.bot.name, ["read:repository", "read:user"]))
    seen = probes()
    assert "push or open pull requests or set statuses or comment" in seen["forge token"][1]
    assert "write:issue" in seen["forge token"][2]
    assert "does not require the status lockstep/approval" in seen["protection"][1]
    assert seen["bot"][0] == "warning" and "may not push to main" in seen["bot"][1]
    path = f"/repos/{here.repository}/branch_protections/main"
    here.server.api("PATCH", path, status_check_contexts=statuses, required_approvals=1,
                    push_whitelist_usernames=[here.bot.name])  # fmt: skip
    sign_in(here.server.another_token(here.bot.name, SCOPES))
    seen = probes()
    assert {seen[part][0] for part in ("forge", "forge token", "protection", "bot")} == {"ok"}, seen
    sign_in(Account(here.bot.name, "0" * 40))
    seen = probes()
    assert seen["forge"][0] == "warning" and "HTTP 401" in seen["forge"][1]
    assert "forge token" not in seen
