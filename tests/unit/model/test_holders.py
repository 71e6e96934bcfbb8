"""Whose review of a pull request counts as an approval, and why others do not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lockstep.model.forge import PullRequest, PullRequestReview
from lockstep.model.holders import Approvals, Holder, Reviewed, approvals_of, by_login

HEAD, OLDER = "a" * 40, "b" * 40
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEAD = Holder("lead@example.com", {"github": "Lead-X", "gitea": "lead"})
PULL = PullRequest(
    7, "https://git.example.com/7", "a title", True, "change", HEAD, "ml/fleet", "main", "author"
)  # fmt: skip


def review(author: str = "lead-x", commit: str = HEAD, approved: bool = True) -> PullRequestReview:
    return PullRequestReview(author, approved, commit, NOW)


def judged(*reviews: PullRequestReview, writers: tuple[str, ...] = (), by: str = "author",
           holders: tuple[Holder, ...] = (LEAD,)) -> Approvals:  # fmt: skip
    reviewed = Reviewed(replace(PULL, author=by), HEAD, reviews, writers)
    return approvals_of(reviewed, by_login(holders, "github", NOW))


def test_a_holders_review_of_the_head_counts_in_whichever_case_the_login_is() -> None:
    for author in ("lead-x", "Lead-X", "LEAD-X"):
        assert judged(review(author)).by == ("lead@example.com",)
    # A login at another forge belongs to another person here.
    assert judged(review("lead")).by == ()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (judged(review(commit=OLDER)), f"it is for {OLDER[:12]}, and the head is {HEAD[:12]}"),
        (judged(review(), by="LEAD-x"), "the pull request is their own"),
        (judged(review(), writers=("LEAD@example.com",)), "they have written a commit of it"),
        (
            judged(review(), writers=("123+Lead-X@users.noreply.github.com",)),
            "they have written a commit of it",
        ),
    ],
)
def test_an_approval_that_does_not_count_is_named_with_the_reason(
    given: Approvals, says: str
) -> None:
    assert given.by == ()
    assert given.ignored == (f"the approval by lead@example.com does not count: {says}",)


def test_a_second_account_of_the_author_does_not_approve() -> None:
    second = Holder("lead@example.com", {"github": "lead-2"})
    assert judged(review("lead-2"), by="lead-x", holders=(LEAD, second)).by == ()


def test_a_commit_of_another_person_stops_no_approval() -> None:
    others = ("lead-x@example.com", "7+other@users.noreply.github.com", "x+lead-x@example.org")
    assert judged(review(), writers=others).by == ("lead@example.com",)


@pytest.mark.parametrize("given", [review("stranger"), review(approved=False)])
def test_reviews_of_others_and_those_that_approve_nothing_are_not_mentioned(
    given: PullRequestReview,
) -> None:
    assert judged(given) == Approvals(())


@pytest.mark.parametrize(
    ("after", "before", "counts"),
    [
        (None, None, True),
        ("2026-03-01T12:00:00Z", None, True),
        ("2026-03-01T12:00:01Z", None, False),
        (None, "2026-03-01T12:00:00Z", False),
        (None, "2026-03-01T12:00:01Z", True),
    ],
)
def test_an_entry_counts_while_it_is_valid(
    after: str | None, before: str | None, counts: bool
) -> None:
    entry = Holder(LEAD.name, LEAD.logins, after, before)
    assert bool(by_login([entry], "github", NOW)) is counts
