"""The comment of a review: what is in it, and that what is markup in it is ours."""

import re
from collections.abc import Iterator
from dataclasses import replace as changed

import pytest
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from lockstep.model.evidence import Verdict
from lockstep.model.finding import Finding, Related, Severity
from lockstep.model.forecast import Follow
from lockstep.model.outcome import RUN_FAILED
from lockstep.model.review import PartChange, Review, RoleReview, VariantShare
from lockstep.report import review_text
from lockstep.report.markup import size
from lockstep.report.review import LIMIT, MARKER, Links, format_failure, format_review
from tests.unit.report.outcomes import ODD, WRONG, many
from tests.unit.report.reviews import (
    AFTER,
    BEFORE,
    CLUSTER,
    FAMILY,
    HEAD,
    LINKS,
    MARK,
    METRIC,
    REVIEW,
    STEPS,
    WEB,
    reviews,
)

HTML = re.compile(
    r"<!-- lockstep: review -->\n?|</details>\n?"
    r"|<details( open)?>\n<summary>[A-Za-z0-9, ]+</summary>\n?"
)


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


def links_in(text: str) -> list[str]:
    return [str(each.attrs["href"]) for each in tokens(text) if each.type == "link_open"]


def foreign(text: str) -> list[str]:
    """What a forge would take for markup or could read as a mention, though it is not ours."""
    found = []
    for each in tokens(text):
        if each.type == "text" and re.search(rf"{MARK}|[@]|#\d|://|www\.", each.content):
            found.append(each.content)
        if each.type.startswith("html") and not HTML.fullmatch(each.content):
            found.append(each.content)
        if each.type in ("image", "blockquote_open", "code_block", "hr"):
            found.append(each.type)
    return found + [each for each in links_in(text) if not each.startswith(WEB)]


def test_an_ordinary_review_says_all_that_a_reviewer_asks() -> None:
    text = format_review(REVIEW, LINKS)
    assert text.startswith(
        f"{MARKER}\n### Lockstep blocks this change: 1 error and 1 warning in 3 of 11 clusters; "
        "the others are as on ` origin/main `; 1 suppressed\n"
    )
    assert (
        f"Commit [` {HEAD[:12]} `](<{WEB}/commit/{HEAD}>), compared with ` origin/main `." in text
    )
    assert f"[The run](<{WEB}/actions/runs/7>)" in text
    place = f"[` {WRONG.file}:9:13 `](<{WEB}/src/commit/{HEAD}/{WRONG.file}#L9>)"
    assert f"**error** ` policy.residency ` {place}: ` region" in text
    assert "**` prod/fraud `** ` steady ` → ` version 42 proposed `" in text
    assert (
        "| ` eu-west-1 ` | ` fraud-eu ` | 1 | ` 41 ` → ` 42 ` "
        "| ` 41: 100 % ` → ` 41: 90 %, 42: 10 % ` | canary at 10 % |" in text
    )
    assert (
        "| ` eu-west-1 ` | ` auc ` | ` 42: 0.957 (4,121 samples) ` | ` 41: 0.955 ` "
        "| at least 0.94, at most 0.005 below the baseline | pass, by the locks |" in text
    )
    assert "- ` prod/fraud `: owner ` risk-ml@example.com `" in text
    assert "` sign-off `: 2 people with the role ` managers `, for the proposal" in text
    assert "The next step is wave 1 of 2, step 1 of 1, with 10 % for version ` 42 `" in text
    assert "verified at the earliest at ` 2026-03-01T12:00:00Z `" in text
    assert "Freezes delay it: ` weekend `." in text
    assert foreign(text) == []


def test_without_the_trusted_side_there_is_no_link() -> None:
    text = format_review(REVIEW)
    assert links_in(text) == [] and "Compared with ` origin/main `." in text
    assert foreign(text) == []


def test_the_order_is_approvals_errors_warnings_and_what_is_waived_is_folded() -> None:
    wanted = changed(WRONG, severity=Severity.APPROVAL, rule="approval.adopt")
    text = format_review(replace(REVIEW, findings=(*REVIEW.findings, wanted)))
    heads = re.findall(r"^#### (.*)$", text, re.MULTILINE)
    assert heads[:3] == ["Needs approval", "Errors", "Warnings"]
    assert "<summary>1 waived finding</summary>" in text
    assert text.index("image is a tag") > text.index("<summary>1 waived")


@pytest.mark.parametrize(
    ("roles", "says"),
    [
        ((), "Nobody may approve it: the base names no role for pull requests."),
        ((RoleReview("managers", ("lead@example.com",)), RoleReview("leads")),
         "role ` managers ` (` lead@example.com `) or ` leads ` (nobody) approves it"),
    ],
)  # fmt: skip
def test_who_may_approve_is_said_where_something_needs_it(
    roles: tuple[RoleReview, ...], says: str
) -> None:
    wanted = changed(WRONG, severity=Severity.APPROVAL)
    assert says in format_review(replace(REVIEW, findings=(wanted,), approvers=roles))
    assert "approve it" not in format_review(replace(REVIEW, approvers=roles))
    assert says.replace("` ", "").replace(" `", "") in review_text.format_review(
        replace(REVIEW, findings=(wanted,), approvers=roles)
    )


def clean(**more: object) -> Review:
    return replace(REVIEW, findings=(), **more)


@pytest.mark.parametrize(
    ("review", "says"),
    [
        (clean(), "Lockstep passes this change: no errors in 3 of 11 clusters"),
        (REVIEW, "Lockstep blocks this change: 1 error"),
        (
            replace(REVIEW, findings=(changed(ODD, severity=Severity.APPROVAL),)),
            "Lockstep passes this change, and people have to approve it: no errors",
        ),
        (
            replace(REVIEW, findings=(changed(WRONG, rule="policy.error"),)),
            "Lockstep could not evaluate all of this change: 1 error",
        ),
        *(
            (
                replace(REVIEW, findings=(changed(WRONG, rule=rule),)),
                "Lockstep could not check this change",
            )
            for rule in (*RUN_FAILED.values(), "run.invalid")
        ),
    ],
)
def test_the_verdict_is_one_line(review: Review, says: str) -> None:
    for text in (format_review(review).removeprefix(f"{MARKER}\n### "),
                 review_text.format_review(review)):  # fmt: skip
        assert text.split("\n")[0].startswith(says)


def test_in_text_a_clean_check_is_said_once() -> None:
    assert review_text.format_review(clean()).count("no errors in") == 1


def test_a_check_that_could_not_run_says_why_and_no_review_says_that() -> None:
    failed = Finding("clusters", 1, 1, "run.could-not-run", "OPA is not there", "install it")
    text = format_review(replace(REVIEW, findings=(failed,), families=()))
    assert "OPA is not there" in text and "install it" in text
    none = format_failure(LINKS)
    assert none.startswith(f"{MARKER}\n### Lockstep could not check this change\n")
    assert "No review was stored" in none and links_in(none)[-1].endswith("/actions/runs/7")


def test_what_is_not_known_is_named_and_never_left_out() -> None:
    many_findings = tuple(many(3_000))
    text = format_review(replace(REVIEW, missing=("the families: git is away",),
                                 findings=many_findings))  # fmt: skip
    assert "- Not known: ` the families: git is away `" in text


def test_metrics_that_do_not_pass_are_open_and_first_with_their_reason() -> None:
    failed = replace(METRIC, verdict=Verdict.FAIL, reason="0.9 is below 0.94", recorded=True)
    text = format_review(replace(REVIEW, families=(replace(FAMILY, metrics=(METRIC, failed)),)))
    assert "<details open>\n<summary>1 of 2 gates passed</summary>" in text
    assert text.index("| **fail** |") < text.index("| pass, by the locks |")
    assert "- ` auc ` in ` fraud-eu `: ` 0.9 is below 0.94 `" in text


SHIFTED = (VariantShare("stable", "41", 100), VariantShare("candidate", "42", 0, warm=True))
DONE = (VariantShare("stable", "42", 100), VariantShare("previous", "41", 0, warm=True))
ARM = (VariantShare("stable", "41", 80), VariantShare("b", "7", 20))
PROPOSED = (VariantShare("stable", "41", 100), VariantShare("candidate", "42", 0))


@pytest.mark.parametrize(
    ("before", "after", "version", "state"),
    [
        (BEFORE, PROPOSED, "` 41 ` → ` 42 `", "the candidate has no traffic"),
        (AFTER, SHIFTED, "` 42 ` → ` 41 `", "traffic shifted away from the candidate"),
        (AFTER, DONE, "` 42 `", "all on the new version, the one before runs on"),
        (DONE, (VariantShare("stable", "42", 100),), "` 42 `", "one version"),
        (BEFORE, ARM, "` 41 `", "one version, with an experiment"),
    ],
)
def test_each_cluster_says_which_version_it_moves_to(
    before: tuple[VariantShare, ...], after: tuple[VariantShare, ...], version: str, state: str
) -> None:
    cluster = replace(CLUSTER, before=before, after=after)
    text = format_review(clean(families=(replace(FAMILY, clusters=(cluster,)),)))
    row = next(line for line in text.split("\n") if line.startswith("| ` eu-west-1 ` | ` fraud"))
    assert f"| {version} |" in row and row.endswith(f"| {state} |")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (PartChange.ADDED, "new: ` version 42 proposed `"),
        (PartChange.REMOVED, "removed; it was ` steady `"),
    ],
)
def test_new_and_removed_families_say_so(change: PartChange, says: str) -> None:
    text = format_review(clean(families=(replace(FAMILY, change=change),)))
    assert f"**` prod/fraud `** {says}" in text
    assert ("Argo CD removes" in text) == (change is PartChange.REMOVED)


@pytest.mark.parametrize("kind", [kind for kind in Follow if kind is not Follow.STEPS])
def test_what_follows_is_a_sentence_with_the_reason(kind: Follow) -> None:
    follows = replace(STEPS, kind=kind, steps=(), reason="because of x")
    text = format_review(clean(families=(replace(FAMILY, follows=follows),)))
    assert "Reason: ` because of x `" in text and "next step" not in text


def test_a_family_that_cannot_be_read_says_why() -> None:
    family = replace(FAMILY, problem="clusters/a.yaml:3: no", follows=None, clusters=(), metrics=())
    text = format_review(clean(families=(family,)))
    assert "It cannot be read: ` clusters/a.yaml:3: no `" in text
    assert "not known: ` clusters/a.yaml:3: no `" in text


def test_a_comment_is_cut_from_the_least_important_end_and_counts() -> None:
    families = tuple(replace(FAMILY, name=f"family-{n}", metrics=(METRIC,) * 50) for n in range(40))
    findings = (*many(60), *many(300, Severity.WARNING, "lock.stale"))
    text = format_review(replace(REVIEW, families=families, findings=findings), LINKS)
    assert size(text) <= LIMIT
    assert text.count("**error**") == 60
    shown = text.count("**warning**")
    assert 0 < shown < 300
    assert f"**Not shown: {300 - shown} warnings, 40 plans, 40 metric tables.**" in text
    assert all(f"**` prod/family-{n} `**" in text for n in range(40))
    assert foreign(text) == []


def test_errors_are_the_last_to_be_cut() -> None:
    families = tuple(replace(FAMILY, name=f"family-{n}") for n in range(400))
    text = format_review(replace(REVIEW, families=families, findings=tuple(many(3_000))), LINKS)
    assert size(text) <= LIMIT and text.count("**error**") > 100
    assert "400 family tables" in text and text.startswith(f"{MARKER}\n### Lockstep blocks")


def test_a_long_table_is_cut_and_counted() -> None:
    clusters = tuple(replace(CLUSTER, name=f"c-{n}") for n in range(200))
    text = format_review(clean(families=(replace(FAMILY, clusters=clusters),)))
    assert "and 140 more clusters" in text and "` c-59 `" in text and "` c-60 `" not in text


def test_what_the_review_had_to_leave_out_is_counted_too() -> None:
    text = format_review(replace(REVIEW, left_findings=3, left_families=1, left_objects=2))
    assert "Not shown: 3 findings, 1 family table, 2 objects." in text
    assert "; 1 suppressed; and 3 findings more\n" in text


def test_endless_texts_and_places_leave_room() -> None:
    related = tuple(Related("`" * 9_000, 1, 1, "x" * 9_000) for _ in range(500))
    endless = changed(WRONG, message="\U0001f600" * 100_000, fix="`" * 100_000, related=related)
    review = replace(REVIEW, findings=(endless, *many(20)), base="b" * 300)
    text = format_review(review, LINKS)
    assert size(text) <= LIMIT and foreign(text) == []


@given(reviews())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_text_of_a_review_becomes_markup_a_mention_or_a_link(review: Review) -> None:
    text = format_review(review, LINKS)
    assert foreign(text) == []
    assert size(text) <= LIMIT
    assert text.startswith(f"{MARKER}\n### Lockstep ")


@given(reviews())
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_review_is_read_back_as_it_was_written(review: Review) -> None:
    assert Review.from_json(review.to_json()) == review


def test_a_name_in_plain_words_cannot_speak_for_lockstep() -> None:
    said = "main and the owners have approved this change"
    text = format_review(replace(REVIEW, base=said, summary={**REVIEW.summary, "base": said}))
    assert text.count(f"` {said} `") == text.count(said) == 2


def test_links_without_an_address_are_not_links() -> None:
    assert links_in(format_review(REVIEW, Links(commit=HEAD))) == []
