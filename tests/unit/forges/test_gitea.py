"""Gitea's module where its server does what a real one does seldom."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lockstep.edges.http_answers import Forbidden, Refused
from lockstep.forges.base import Forge
from lockstep.forges.factory import ForgePlace, find_forge, open_forge
from lockstep.model.forge import ForgeSettings, PullRequestDraft
from tests.unit.json_server import Answers, JsonServer, Reply, Request, json_server

SHA = "ab" * 20
DRAFT = PullRequestDraft("a title", "a text", "change", "main")


@contextmanager
def talking(answers: Answers) -> Iterator[tuple[JsonServer, Forge]]:
    with json_server(answers) as server:
        place = find_forge(
            "https://git.example.com/ml/fleet", {"GITEA_TOKEN": "s3cr3t"},
            ForgeSettings("gitea", f"{server.url}/api/v1"),
        )  # fmt: skip
        assert isinstance(place, ForgePlace)
        with open_forge(place) as forge:
            yield server, forge


def pull(number: int) -> Any:
    return {
        "number": number, "html_url": f"https://git.example.com/ml/fleet/pulls/{number}",
        "title": "a title", "body": "a text", "state": "open", "user": {"login": "bot"},
        "head": {"ref": "change", "sha": SHA, "repo": {"full_name": "ml/fleet"}},
        "base": {"ref": "main", "sha": "0" * 40}, "labels": [],
    }  # fmt: skip


def test_a_branch_that_the_server_does_not_know_yet_is_tried_again() -> None:
    replies = iter([Reply({"message": "not found"}, 404), Reply({"message": "no"}, 422)])

    def answers(request: Request) -> Reply:
        if request.method == "GET":
            return Reply([])
        return next(replies, Reply(pull(1), 201))

    with talking(answers) as (server, forge):
        found, created = forge.open_or_update(DRAFT)
    assert (found.number, created) == (1, True)
    # After each refusal it looks whether another run was faster.
    assert [each.method for each in server.asked] == ["GET", "POST", "GET", "POST", "GET", "POST"]


def test_a_refusal_for_good_is_not_tried_again() -> None:
    def answers(request: Request) -> Reply:
        return Reply([]) if request.method == "GET" else Reply({"message": "archived"}, 423)

    with (
        talking(answers) as (server, forge),
        pytest.raises(Refused, match="HTTP 423: archived"),
    ):
        forge.open_or_update(DRAFT)
    assert len(server.asked) == 3


def test_pages_are_counted_by_the_total() -> None:
    def answers(request: Request) -> Reply:
        page = int(request.query["page"])
        found = [pull(page)] if page <= 2 else []
        return Reply(found, headers={"X-Total-Count": "3"})  # one was closed meanwhile

    with talking(answers) as (server, forge):
        assert len(forge.pull_requests_at(SHA)) == 2
    assert [each.query["page"] for each in server.asked] == ["1", "2", "3"]


def test_only_labels_that_the_repository_lacks_are_made() -> None:
    labels = [{"name": "lockstep"}]

    def answers(request: Request) -> Reply:
        if request.method == "POST" and request.path.endswith("/ml/fleet/labels"):
            labels.append({"name": json.loads(request.body)["name"]})
            return Reply(labels[-1], 201)
        return Reply(labels)

    with talking(answers) as (server, forge):
        forge.add_labels(1, ["lockstep", "rollback"])
        forge.add_labels(1, [])
    assert [each["name"] for each in labels] == ["lockstep", "rollback"]
    assert json.loads(server.asked[-1].body) == {"labels": ["lockstep", "rollback"]}


def test_reviews_that_ask_for_a_review_decide_nothing() -> None:
    def review(number: int, login: str, state: str, **more: Any) -> Any:
        return {
            "id": number, "user": {"login": login}, "state": state, "commit_id": SHA,
            "submitted_at": f"2026-03-01T08:00:{number:02}+01:00", **more,
        }  # fmt: skip

    found = [
        review(1, "a", "REQUEST_CHANGES"), review(2, "a", "REQUEST_REVIEW"),
        review(3, "b", "APPROVED"), review(4, "b", "REQUEST_CHANGES", dismissed=True),
        review(5, "c", "APPROVED", stale=True),
    ]  # fmt: skip
    with talking(lambda _: Reply(found)) as (_, forge):
        assert [(r.author, r.approved) for r in forge.reviews(1)] == [("a", False), ("c", True)]


def test_protection_and_rights_are_read() -> None:
    def answers(request: Request) -> Reply:
        if request.path.endswith("/branches/release%2F1"):
            return Reply({
                "protected": True, "user_can_push": False, "required_approvals": 1,
                "enable_status_check": False, "status_check_contexts": ["old"],
            })  # fmt: skip
        if request.method == "POST":  # Gitea looks at the token before the body
            assert 0 in json.loads(request.body).values()
            denied = "/statuses/" in request.path
            return Reply({"message": "no"}, 403 if denied else 422)
        if request.path.endswith("/user"):
            return Reply({"message": "required scope"}, 403)
        return Reply({"full_name": "ml/fleet", "default_branch": "main",
                      "permissions": {"push": True}})  # fmt: skip

    with talking(answers) as (_, forge):
        seen = forge.protection("release/1")
        assert (seen.required_statuses, seen.required_approvals, seen.may_push) == ((), 1, False)
        rights = forge.rights()
        with pytest.raises(Forbidden, match="required scope"):
            forge.comment(1, "x", "x")
    assert (rights.login, rights.push, rights.pull_requests) == ("", False, True)
    assert (rights.statuses, rights.comments) == (False, True)
