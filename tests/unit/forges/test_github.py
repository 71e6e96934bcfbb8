"""GitHub's module with a server that behaves as GitHub's documentation says, and worse."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from lockstep.edges import clock
from lockstep.edges.http_answers import Forbidden, Refused, Unsure
from lockstep.forges.base import Forge
from lockstep.forges.factory import ForgePlace, find_forge, open_forge
from lockstep.model.errors import LockstepError
from lockstep.model.forge import CommitState, CommitStatus, ForgeSettings, PullRequestDraft
from tests.unit.json_server import Answers, JsonServer, Reply, Request, json_server

TOKEN = "ghp_s3cr3tvalue"
MARKER = "<!-- lockstep: review -->"
SHA = "ab" * 20
DRAFT = PullRequestDraft("a title", "a text", "change", "main")


@contextmanager
def talking(answers: Answers, seconds: float = 30.0) -> Iterator[tuple[JsonServer, Forge]]:
    with json_server(answers) as server:
        place = find_forge(
            "https://github.com/ml/fleet", {"GITHUB_TOKEN": TOKEN},
            ForgeSettings("github", f"{server.url}/api/v3"),
        )  # fmt: skip
        assert isinstance(place, ForgePlace)
        with open_forge(place, seconds) as forge:
            yield server, forge


def pull(number: int, head: str = "change", repository: str = "ml/fleet", **more: Any) -> Any:
    return {
        "number": number, "html_url": f"https://github.com/ml/fleet/pull/{number}",
        "title": "a title", "body": "a text", "state": "open", "user": {"login": "bot"},
        "head": {"ref": head, "sha": SHA, "repo": {"full_name": repository}},
        "base": {"ref": "main", "sha": "0" * 40}, "labels": [], **more,
    }  # fmt: skip


@dataclass
class GitHubServer:
    """Pull requests and comments in memory; ``before`` may answer in its place."""

    login: str = "bot"
    pulls: list[Any] = field(default_factory=list)
    comments: list[Any] = field(default_factory=list)
    before: Callable[[Request], Reply | None] = lambda _: None
    after: Callable[[Request, Reply], Reply] = lambda _, reply: reply

    def __call__(self, request: Request) -> Reply:
        return self.before(request) or self.after(request, self._answer(request))

    def _answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/api/v3")
        body = json.loads(request.body) if request.body else {}
        match request.method, path.removeprefix("/repos/ml/fleet"):
            case "GET", "/user":
                return Reply({"login": self.login})
            case "GET", "/pulls":
                return Reply(self.pulls)
            case "POST", "/pulls":
                if any(each["head"]["ref"] == body["head"] for each in self.pulls):
                    return Reply({"message": "Validation Failed"}, 422)
                self.pulls.append(pull(len(self.pulls) + 1, body["head"]))
                return Reply(self.pulls[-1], 201)
            case "GET", "/issues/1/comments":
                return Reply(self.comments)
            case "POST", "/issues/1/comments":
                made = comment(len(self.comments) + 1, self.login, body["body"])
                self.comments.append(made)
                return Reply(made, 201)
            case "PATCH", rest if rest.startswith("/issues/comments/"):
                (found,) = (c for c in self.comments if str(c["id"]) == rest.rpartition("/")[2])
                found["body"] = body["body"]
                return Reply(found)
            case "DELETE", rest if rest.startswith("/issues/comments/"):
                kept = [c for c in self.comments if str(c["id"]) != rest.rpartition("/")[2]]
                self.comments[:] = kept
                return Reply(b"", 204)
        return Reply({"message": "Not Found"}, 404)


def comment(number: int, login: str, body: str) -> Any:
    url = f"https://github.com/ml/fleet/pull/1#issuecomment-{number}"
    return {"id": number, "html_url": url, "user": {"login": login}, "body": body}


def test_one_comment_whatever_others_write() -> None:
    server = GitHubServer(comments=[comment(1, "stranger", MARKER)])
    with talking(server) as (_, forge):
        assert forge.comment(1, MARKER, f"{MARKER} one").created
        assert not forge.comment(1, MARKER, f"{MARKER} two").created
    assert [c["body"] for c in server.comments] == [MARKER, f"{MARKER} two"]


def test_an_apps_token_finds_its_own_comment_by_graphql() -> None:
    def app(request: Request) -> Reply | None:
        if request.path == "/api/v3/user":
            return Reply({"message": "Resource not accessible by integration"}, 403)
        if request.path == "/api/graphql":
            return Reply({"data": {"viewer": {"login": "github-actions"}}})
        return None

    # A person may have the name, and never the brackets.
    server = GitHubServer("github-actions[bot]", before=app)
    server.comments = [comment(1, "github-actions", MARKER)]
    with talking(server) as (_, forge):
        forge.comment(1, MARKER, f"{MARKER} one")
        forge.comment(1, MARKER, f"{MARKER} two")
    assert [c["body"] for c in server.comments] == [MARKER, f"{MARKER} two"]


@pytest.mark.parametrize("lost", ["cut", "502", "html", "types"])
def test_a_comment_whose_answer_is_lost_is_not_posted_again(lost: str) -> None:
    def lose(request: Request, reply: Reply) -> Reply:
        if request.method != "POST":
            return reply
        return {
            "cut": Reply(reply.content, 201, cut=True),
            "502": Reply(b"<html>Bad gateway</html>", 502),
            "html": Reply(b"<html>Created</html>", 201),
            "types": Reply(reply.content | {"id": "1"}, 201),
        }[lost]

    server = GitHubServer(after=lose)
    with talking(server) as (_, forge):
        if lost == "types":
            with pytest.raises(LockstepError, match="has not the form of its API"):
                forge.comment(1, MARKER, MARKER)
        else:
            forge.comment(1, MARKER, MARKER)
    assert len(server.comments) == 1


def test_a_write_that_was_not_done_is_done_at_the_next_try() -> None:
    failures = iter([Reply(b"", 503), Reply(b"", 502)])

    def fail(request: Request) -> Reply | None:
        return next(failures, None) if request.method == "POST" else None

    server = GitHubServer(before=fail)
    with talking(server) as (_, forge):
        assert forge.comment(1, MARKER, MARKER).created
    assert len(server.comments) == 1


def test_a_write_that_never_succeeds_ends() -> None:
    def fail(request: Request) -> Reply | None:
        return Reply(b"", 500) if request.method == "POST" else None

    with talking(GitHubServer(before=fail)) as (server, forge), pytest.raises(Unsure, match="500"):
        forge.comment(1, MARKER, MARKER)
    assert sum(each.method == "POST" for each in server.asked) == 3


def test_of_two_runs_that_comment_at_once_one_comment_stays() -> None:
    server = GitHubServer()

    def other_run(request: Request, reply: Reply) -> Reply:
        if request.method == "POST":
            server.comments.insert(0, comment(0, "bot", f"{MARKER} the other run's"))
        return reply

    server.after = other_run
    with talking(server) as (_, forge):
        posted = forge.comment(1, MARKER, f"{MARKER} mine")
    assert not posted.created and posted.url.endswith("-0")
    assert [c["body"] for c in server.comments] == [f"{MARKER} mine"]


def test_a_pull_request_that_another_run_opened_first_is_used() -> None:
    server = GitHubServer()

    def faster(request: Request) -> Reply | None:
        if request.method == "POST":
            server.pulls.append(pull(7))
        return None

    server.before = faster
    with talking(server) as (_, forge):
        found, created = forge.open_or_update(DRAFT)
    assert (found.number, created, len(server.pulls)) == (7, False, 1)


def test_a_forks_branch_of_the_same_name_is_not_ours() -> None:
    theirs = [pull(1, repository="stranger/fleet"), pull(2, head="other"), pull(3, state="closed")]
    gone = pull(4)
    gone["head"]["repo"] = None
    with talking(GitHubServer(pulls=[*theirs, gone])) as (_, forge):
        assert forge.pull_request_of("change", "main") is None
        assert [each.number for each in forge.pull_requests_at(SHA)] == [1, 2, 4]
        with pytest.raises(LockstepError, match="whole id of a commit"):
            forge.pull_requests_at("../../user")


def test_all_pages_are_read_and_no_address_of_an_answer_is_followed() -> None:
    def pages(request: Request) -> Reply:
        page = int(request.query["page"])
        assert request.query["per_page"] == "100"
        more = {"Link": '<https://evil.example.com/?page=9>; rel="next"'} if page < 3 else {}
        return Reply([pull(page)], headers=more)

    with talking(pages) as (server, forge):
        assert [each.number for each in forge.pull_requests_at(SHA)] == [1, 2, 3]
    assert len(server.asked) == 3


def test_a_list_without_an_end_is_an_error() -> None:
    endless = {"Link": '<https://x.example.com>; rel="next"'}
    with (
        talking(lambda _: Reply([pull(1)], headers=endless)) as (server, forge),
        pytest.raises(LockstepError, match="has more than 40 items in this list"),
    ):
        forge.pull_requests_at(SHA)
    assert len(server.asked) == 40


LIMIT = {"message": "API rate limit exceeded"}


def test_a_rate_limit_is_waited_for() -> None:
    reset = str(int(clock.now().timestamp()) - 5)
    replies = iter([
        Reply(LIMIT, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}),
        Reply(LIMIT, 429, {"Retry-After": "0"}),
        Reply([]),
    ])  # fmt: skip
    with talking(lambda _: next(replies)) as (server, forge):
        assert forge.pull_requests_at(SHA) == ()
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("said", "status", "headers"),
    [
        (LIMIT, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999"}),
        (LIMIT, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}),
        (LIMIT, 429, {}),
        (LIMIT, 403, {"Retry-After": "3600"}),
        ({"message": "You have exceeded a secondary rate limit"}, 403, {}),
    ],
)
def test_a_limit_that_lasts_longer_than_the_conversation_is_said_at_once(
    said: Any, status: int, headers: dict[str, str]
) -> None:
    with (
        talking(lambda _: Reply(said, status, headers)) as (server, forge),
        pytest.raises(LockstepError, match=f"HTTP {status}: .*rate limit") as caught,
    ):
        forge.pull_requests_at(SHA)
    assert len(server.asked) == 1 and "when the limit ends" in caught.value.fix


def test_a_limit_while_writing_is_waited_for_because_nothing_was_done() -> None:
    replies = iter([Reply(LIMIT, 403, {"Retry-After": "0"})])

    def limit(request: Request) -> Reply | None:
        return next(replies, None) if request.method == "POST" else None

    server = GitHubServer(before=limit)
    with talking(server) as (asked, forge):
        assert forge.open_or_update(DRAFT)[1]
    assert [each.method for each in asked.asked] == ["GET", "POST", "POST"]


def test_a_status_that_is_there_already_after_a_lost_answer_is_not_set_again() -> None:
    statuses: list[Any] = []

    def answers(request: Request) -> Reply:
        if request.method == "POST":
            body = json.loads(request.body)
            statuses.insert(0, {**body, "target_url": None})
            return Reply(b"", 504)
        return Reply(statuses)

    with talking(answers) as (_, forge):
        forge.set_status(SHA, CommitStatus("lockstep/approval", CommitState.SUCCESS, "y" * 200))
    assert len(statuses) == 1 and len(statuses[0]["description"]) == 140


def test_reviews_are_the_latest_decision_of_each_person() -> None:
    def review(number: int, login: str | None, state: str, day: int) -> Any:
        return {
            "id": number, "user": {"login": login} if login else None, "state": state,
            "commit_id": SHA, "submitted_at": f"2026-03-{day:02}T08:00:00Z",
        }  # fmt: skip

    found = [
        review(1, "a", "APPROVED", 1), review(2, "a", "COMMENTED", 2),
        review(3, "b", "APPROVED", 1), review(4, "b", "CHANGES_REQUESTED", 2),
        review(5, "c", "APPROVED", 1), review(6, "c", "DISMISSED", 2),
        review(7, None, "APPROVED", 1),
        {"id": 8, "user": {"login": "d"}, "state": "PENDING"},
        # A later time counts, in whatever order they come.
        review(9, "e", "CHANGES_REQUESTED", 9), review(10, "e", "APPROVED", 3),
    ]  # fmt: skip
    with talking(lambda _: Reply(found)) as (_, forge):
        seen = forge.reviews(1)
    assert [(r.author, r.approved) for r in seen] == [("a", True), ("b", False), ("e", False)]


def test_protection_adds_up_rules_and_classic_protection() -> None:
    def answers(request: Request) -> Reply:
        path = request.path.removeprefix("/api/v3/repos/ml/fleet")
        if path == "/rules/branches/main":
            return Reply([
                {"type": "deletion"},
                {"type": "required_status_checks", "parameters": {
                    "required_status_checks": [{"context": "lockstep/approval"}]}},
                {"type": "pull_request", "parameters": {"required_approving_review_count": 2}},
            ])  # fmt: skip
        if path == "/branches/main":
            return Reply({"protected": True, "protection": {
                "enabled": True, "required_status_checks": {"contexts": ["lockstep check"]}}}
            )  # fmt: skip
        return Reply({"message": "Resource not accessible"}, 403)

    with talking(answers) as (_, forge):
        seen = forge.protection("main")
    assert seen.required_statuses == ("lockstep check", "lockstep/approval")
    assert (seen.required_approvals, seen.may_push, seen.known) == (2, None, False)


@pytest.mark.parametrize("may", [True, False])
def test_who_may_push_to_a_classic_protection_says_graphql(may: bool) -> None:
    def answers(request: Request) -> Reply:
        if request.path == "/api/graphql":
            rule = {"refUpdateRule": {"viewerCanPush": may}}
            return Reply({"data": {"repository": {"ref": rule}}})
        if request.path.endswith("/branches/main") and "/rules/" not in request.path:
            return Reply({"protected": True, "protection": {"enabled": True}})
        return Reply({"message": "Not Found"}, 404)

    with talking(answers) as (_, forge):
        assert forge.protection("main").may_push is may


@pytest.mark.parametrize(("status", "may"), [(422, True), (403, False), (404, None), (201, None)])
def test_a_right_is_known_by_why_the_impossible_is_refused(status: int, may: bool | None) -> None:
    def answers(request: Request) -> Reply:
        if request.method == "POST":
            return Reply({"message": "no"}, status)
        if request.path.endswith("/user"):
            return Reply({"login": "bot"})
        return Reply({"full_name": "ml/fleet", "default_branch": "main",
                      "permissions": {"push": True}})  # fmt: skip

    with talking(answers) as (server, forge):
        seen = forge.rights()
    assert (seen.push, seen.pull_requests, seen.statuses) == (may, may, may)
    bodies = [json.loads(each.body) for each in server.asked if each.method == "POST"]
    assert bodies[1]["head"] == bodies[1]["base"] == "main"  # which can never be a pull request


# What a hostile server, or one that is none of GitHub's, answers


@pytest.mark.parametrize(
    "content",
    [
        {"message": "no list"}, [1], [None], [{}], "text", None, [{**pull(1), "number": "1"}],
        [{**pull(1), "number": True}], [{**pull(1), "head": None}], [{**pull(1), "labels": "x"}],
        [{**pull(1), "user": {"login": 5}}],
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_an_error_and_no_traceback(content: Any) -> None:
    with (
        talking(lambda _: Reply(content)) as (_, forge),
        pytest.raises(LockstepError, match="has not the form of its API"),
    ):
        forge.pull_requests_at(SHA)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "https://bot:pw@github.com/x", "https://github.com/\x1b[31m",
        "https://github.com/a b", "https:///x", "", "https://[", "https://github.com/" + "x" * 3000,
        "https://github.com/é",
    ],
)  # fmt: skip
def test_an_address_that_is_no_page_is_not_shown(url: str) -> None:
    with talking(lambda _: Reply([pull(1, html_url=url)])) as (_, forge):
        assert [each.url for each in forge.pull_requests_at(SHA)] == [""]


def test_a_redirect_does_not_get_the_token() -> None:
    with (
        json_server(lambda _: Reply([])) as elsewhere,
        talking(lambda _: Reply(b"", 301, {"Location": elsewhere.url})) as (_, forge),
        pytest.raises(LockstepError, match="redirect") as caught,
    ):
        forge.pull_requests_at(SHA)
    assert not elsewhere.asked and "another name" in caught.value.fix


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500])
@pytest.mark.parametrize("before", [0, 290, 295])
def test_a_token_in_an_error_is_not_shown_whole_or_in_part(status: int, before: int) -> None:
    said = {"message": "x" * before + TOKEN}
    with (
        talking(lambda _: Reply(said, status)) as (_, forge),
        pytest.raises(LockstepError) as caught,
    ):
        forge.pull_requests_at(SHA)
    text = caught.value.diagnostics() + repr(caught.value)
    assert TOKEN[:6] not in text


def test_an_html_page_is_not_printed() -> None:
    with (
        talking(lambda _: Reply(b"<html>\x1b[31m<b>Not found</b>", 404)) as (_, forge),
        pytest.raises(Refused, match=r"HTTP 404$"),
    ):
        forge.pull_requests_at(SHA)


@pytest.mark.parametrize("reply", [Reply(b" " * 999, drip=0.05), Reply(b"", 503)])
def test_a_server_that_takes_its_time_is_not_waited_for(reply: Reply) -> None:
    with talking(lambda _: reply, 0.3) as (_, forge), pytest.raises(LockstepError):
        forge.pull_requests_at(SHA)


def test_an_answer_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockstep.forges.factory._ANSWERS", 1000)
    with (
        talking(lambda _: Reply(b" " * 2000)) as (_, forge),
        pytest.raises(LockstepError, match="more than 1000 bytes"),
    ):
        forge.pull_requests_at(SHA)


def test_a_refused_token_says_where_it_came_from() -> None:
    with (
        talking(lambda _: Reply({"message": "Bad credentials"}, 401)) as (_, forge),
        pytest.raises(Forbidden, match="Bad credentials") as caught,
    ):
        forge.comment(1, MARKER, MARKER)
    assert "GITHUB_TOKEN" in caught.value.fix
