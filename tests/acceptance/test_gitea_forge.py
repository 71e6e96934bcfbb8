"""The module for Gitea on a real one: what it writes is there once, what it reads is true."""

import itertools
import os
import subprocess
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lockstep.edges.http_answers import Forbidden, Refused
from lockstep.forges.base import Forge
from lockstep.forges.factory import ForgePlace, find_forge, open_forge
from lockstep.model.errors import LockstepError
from lockstep.model.forge import CommitState, CommitStatus, ForgeSettings, PullRequestDraft
from tests.acceptance.gitea_server import Account, Gitea, gitea, needs_gitea

__all__ = ["gitea"]  # the fixture

pytestmark = needs_gitea

MARKER = "<!-- lockstep: review -->"
_NUMBERS = itertools.count(1)


@dataclass
class Home:
    """A repository with a branch ``change`` ahead of ``main``, its bot, and a clone."""

    server: Gitea
    owner: Account
    bot: Account
    repository: str
    clone: Path

    def forge(self, account: Account | None = None) -> AbstractContextManager[Forge]:
        place = find_forge(
            self.server.clone_url(self.repository),
            {"GITEA_TOKEN": (account or self.bot).token},
            ForgeSettings("gitea", f"{self.server.url}/api/v1"),
        )
        assert isinstance(place, ForgePlace), place
        return open_forge(place)

    def git(self, *arguments: str, account: Account | None = None) -> str:
        signed = self.server.git_environment(account or self.owner)
        done = subprocess.run(
            ["git", *arguments], cwd=self.clone, env={**os.environ, **signed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit_on(self, branch: str) -> str:
        """Push one more commit to a branch; its id."""
        self.git("switch", "--quiet", "--force-create", branch)
        self.git("commit", "--quiet", "--allow-empty", "-m", f"a change on {branch}")
        file = self.clone / "file"
        file.write_text(f"{branch} {next(_NUMBERS)}\n")
        self.git("add", "file")
        self.git("commit", "--quiet", "-m", f"change a file on {branch}")
        self.git("push", "--quiet", "origin", branch)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def home(gitea: Gitea, tmp_path: Path) -> Home:
    number = next(_NUMBERS)
    owner, bot = gitea.create_user(f"owner{number}"), gitea.create_user(f"bot{number}")
    repository = gitea.create_repository(owner, "fleet")
    gitea.collaborate(repository, bot)
    clone = tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", clone], check=True)
    made = Home(gitea, owner, bot, repository, clone)
    made.git("config", "user.name", "A person")
    made.git("config", "user.email", "person@example.com")
    made.git("remote", "add", "origin", gitea.clone_url(repository))
    made.commit_on("main")
    gitea.wait_for_push(repository)
    return made


DRAFT = PullRequestDraft("a title", "the text", "change", "main")


def test_a_pull_request_is_opened_once_right_after_the_push(home: Home) -> None:
    sha = home.commit_on("change")
    with home.forge() as forge:
        opened, created = forge.open_or_update(DRAFT)
        assert created and opened.open
        assert (opened.head, opened.base, opened.head_sha) == ("change", "main", sha)
        assert (opened.head_repository, opened.author) == (home.repository, home.bot.name)
        assert opened.url == f"{home.server.url}/{home.repository}/pulls/{opened.number}"
        later = PullRequestDraft("another title", "another text", "change", "main")
        again, created = forge.open_or_update(later)
        assert (again.number, again.title, created) == (opened.number, "another title", False)
        assert forge.pull_request_of("change", "main") == again
        assert forge.pull_requests_at(sha) == (again,)
        assert forge.pull_requests_at(home.git("rev-parse", "main")) == ()
    listed = home.server.api("GET", f"/repos/{home.repository}/pulls?state=all")
    assert [(each["title"], each["body"]) for each in listed] == [("another title", "another text")]


def test_a_branch_that_is_not_there_is_an_error_that_says_so(home: Home) -> None:
    with home.forge() as forge, pytest.raises(Refused) as caught:
        forge.open_or_update(DRAFT)
    assert caught.value.status in (404, 422)


def test_a_forks_branch_of_the_same_name_is_another_pull_request(home: Home) -> None:
    home.commit_on("change")
    stranger = home.server.create_user(f"stranger{next(_NUMBERS)}")
    home.server.api("POST", f"/repos/{home.repository}/forks", stranger, name="fleet")
    theirs = home.server.api(
        "POST", f"/repos/{home.repository}/pulls", stranger, title="mine", body="theirs",
        head=f"{stranger.name}:change", base="main",
    )  # fmt: skip
    with home.forge() as forge:
        assert forge.pull_request_of("change", "main") is None
        ours, created = forge.open_or_update(DRAFT)
        assert created and ours.number != theirs["number"]
        both = forge.pull_requests_at(ours.head_sha)
        assert [each.head_repository for each in both] == [
            f"{stranger.name}/fleet",
            home.repository,
        ]


def test_more_pull_requests_than_a_page_are_all_read(home: Home) -> None:
    for number in range(6):
        home.git("branch", f"b{number}", home.git("rev-parse", "main"))
    home.commit_on("change")
    for number in range(6):
        home.git("branch", "--force", f"b{number}", "change")
    home.git("push", "--quiet", "origin", *(f"b{number}" for number in range(6)))
    with home.forge() as forge:
        for number in range(6):
            forge.open_or_update(PullRequestDraft(f"{number}", "", f"b{number}", "main"))
        assert len(forge.pull_requests_at(home.git("rev-parse", "change"))) == 6
        oldest, created = forge.open_or_update(PullRequestDraft("again", "", "b0", "main"))
        assert (oldest.number, created) == (1, False)


def test_a_comment_is_brought_up_to_date_and_those_of_others_are_left_alone(home: Home) -> None:
    home.commit_on("change")
    with home.forge() as forge:
        number = forge.open_or_update(DRAFT)[0].number
        path = f"/repos/{home.repository}/issues/{number}/comments"
        home.server.api("POST", path, home.owner, body=f"{MARKER} not the bot's")
        first = forge.comment(number, MARKER, f"{MARKER}\none")
        second = forge.comment(number, MARKER, f"{MARKER}\ntwo")
        assert (first.created, second.created) == (True, False)
        assert first.url == second.url and f"/pulls/{number}#issuecomment-" in first.url
        # What two runs at a time could leave behind.
        home.server.api("POST", path, home.bot, body=f"{MARKER}\nthe other run's")
        forge.comment(number, MARKER, f"{MARKER}\nthree")
        with pytest.raises(LockstepError, match="longer than"):
            forge.comment(number, MARKER, MARKER + "x" * forge.comment_limit)
    bodies = [each["body"] for each in home.server.api("GET", path)]
    assert bodies == [f"{MARKER} not the bot's", f"{MARKER}\nthree"]


def test_labels_are_added_and_made_where_there_are_none(home: Home) -> None:
    home.commit_on("change")
    with home.forge() as forge:
        number = forge.open_or_update(DRAFT)[0].number
        forge.add_labels(number, ["lockstep"])
        forge.add_labels(number, ["lockstep", "rollback"])
        found = forge.pull_request_of("change", "main")
    assert found and sorted(found.labels) == ["lockstep", "rollback"]
    assert len(home.server.api("GET", f"/repos/{home.repository}/labels")) == 2


def test_the_newest_status_of_a_context_counts_on_a_protected_branch(home: Home) -> None:
    home.server.protect(home.repository, statuses=["lockstep/approval"], pushers=None)
    sha = home.commit_on("change")
    merge = ("POST", f"/repos/{home.repository}/pulls/1/merge")
    with home.forge() as forge:
        forge.open_or_update(DRAFT)
        for state in (CommitState.PENDING, CommitState.FAILURE):
            forge.set_status(sha, CommitStatus("lockstep/approval", state, "wait " * 99))
            with pytest.raises(AssertionError, match="405"):
                home.server.api(*merge, Do="merge")
        approved = CommitStatus(
            "lockstep/approval", CommitState.SUCCESS, "approved", "https://ci.example.com/1"
        )
        forge.set_status(sha, approved)
    home.server.api(*merge, Do="merge")


def test_reviews_are_each_persons_latest_decision(home: Home) -> None:
    sha = home.commit_on("change")
    with home.forge() as forge:
        number = forge.open_or_update(DRAFT)[0].number
        path = f"/repos/{home.repository}/pulls/{number}/reviews"
        other = home.server.create_user(f"reviewer{next(_NUMBERS)}")
        home.server.collaborate(home.repository, other)
        asked = home.server.api("POST", path, home.owner, event="REQUEST_CHANGES", body="no")
        home.server.api("POST", path, other, event="APPROVED", body="")
        home.server.api("POST", path, other, event="COMMENT", body="by the way")
        found = {each.author: each for each in forge.reviews(number)}
        assert {name: each.approved for name, each in found.items()} == {
            home.owner.name: False, other.name: True
        }  # fmt: skip
        assert {each.commit for each in found.values()} == {sha}
        assert all(each.submitted_at.tzinfo for each in found.values())
        home.server.api(
            "POST", f"{path}/{asked['id']}/dismissals", message="no longer", priors=True
        )
        assert [each.author for each in forge.reviews(number)] == [other.name]


def test_protection_is_read_with_its_statuses_and_who_may_push(home: Home) -> None:
    with home.forge() as forge:
        assert forge.protection("main").protected is False
        home.server.protect(
            home.repository, statuses=["lockstep check"], approvals=2, pushers=[home.owner]
        )
        seen = forge.protection("main")
        assert (seen.protected, seen.required_statuses) == (True, ("lockstep check",))
        assert (seen.required_approvals, seen.may_push, seen.known) == (2, False, True)
        with pytest.raises(Refused, match="HTTP 404"):
            forge.protection("no/such-branch")
    with home.forge(home.owner) as forge:
        assert forge.protection("main").may_push is True


def test_rights_are_those_of_account_and_token(home: Home) -> None:
    server, name = home.server, home.bot.name
    before = server.api("GET", f"/repos/{home.repository}/branches")
    with home.forge() as forge:
        seen = forge.rights()
    assert seen.login == name
    assert (seen.push, seen.pull_requests, seen.statuses, seen.comments) == (True,) * 4
    reader = server.another_token(name, ["read:repository", "read:issue", "read:user"])
    with home.forge(reader) as forge:
        seen = forge.rights()
    assert (seen.push, seen.pull_requests, seen.statuses, seen.comments) == (False,) * 4
    with home.forge(server.another_token(name, ["write:repository"])) as forge:
        seen = forge.rights()
        assert (seen.login, seen.push, seen.comments) == ("", True, False)
        with pytest.raises(Forbidden, match="required scope"):
            forge.comment(1, MARKER, MARKER)
    stranger = server.create_user(f"stranger{next(_NUMBERS)}")
    with home.forge(stranger) as forge:
        seen = forge.rights()
    assert (seen.push, seen.statuses) == (False, False)
    assert server.api("GET", f"/repos/{home.repository}/branches") == before
    assert server.api("GET", f"/repos/{home.repository}/pulls?state=all") == []


def test_a_token_that_is_wrong_is_refused_and_not_shown(home: Home) -> None:
    wrong = Account("x", "0123456789abcdef0123456789abcdef01234567")
    with home.forge(wrong) as forge, pytest.raises(Forbidden) as caught:
        forge.pull_requests_at("0" * 40)
    assert caught.value.status == 401 and wrong.token not in caught.value.diagnostics()
