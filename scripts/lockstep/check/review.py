"""A change for its reviewers: what a check has found, and what git says that the change does."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from lockstep.check.approvers import holders_at
from lockstep.check.base import Base, merged_with_base
from lockstep.check.differences import diff_trees
from lockstep.check.family_reviews import family_reviews
from lockstep.check.workspace import EVERYTHING
from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.forecast import LONGEST_NAME, LONGEST_TEXT
from lockstep.model.outcome import Outcome
from lockstep.model.review import LARGEST, Excerpt, Review, RoleReview
from lockstep.report.counting import by_urgency
from lockstep.report.envelope import format_compact
from lockstep.text.sanitise import cut, one_line

T = TypeVar("T")

_ROOM = LARGEST // 8
"""Bytes of findings, of their source lines, and of the difference, each, as JSON."""

_ROOM_OF_FAMILIES = LARGEST // 3

_MOST_ROLES, _MOST_PEOPLE = 10, 20
_UNREAD = 5  # manifests that cannot be read and are named: the check has all of them


def review_change(git: Git, checked: Outcome, base: str | None, now: datetime) -> Review:
    """What a merge of the work tree into its base would do; ``checked`` is what its check found.

    Raises UsageError in a bare repository, and where the base is not a commit. What else cannot be
    worked out is named in ``missing``: reviewers need to know the rest all the more.
    """
    git.require_work_tree()
    review = _of_check(checked)
    try:
        with git.storing() as storing:
            tree, found = merged_with_base(storing, storing.work_tree_id(EVERYTHING), base)
            if found is not None:
                roles = _approvers(storing, found)
                review = replace(review, base=cut(found.name, LONGEST_NAME), approvers=roles)
            review = _with_families(review, storing, found, tree, now)
            return _with_difference(review, storing, found, tree)
    except UsageError:
        raise  # the caller has to correct it, such as a base that does not exist
    except LockstepError as error:
        return _without(review, "the families and what changes in Kubernetes", error)


def _of_check(checked: Outcome) -> Review:
    findings, left = _fitting(by_urgency(checked.findings))
    shown = {(finding.file, finding.line) for finding in findings}
    lines = [
        Excerpt(*place, cut(text, LONGEST_TEXT))
        for place, text in checked.excerpts.items()
        if place in shown
    ]
    excerpts, _ = _fitting(lines)
    return Review(
        findings=tuple(findings),
        summary={name: v for name, v in checked.summary.items() if isinstance(v, int | str)},
        excerpts=tuple(excerpts),
        left_findings=left,
    )


def _approvers(git: Git, base: Base) -> tuple[RoleReview, ...]:
    """The roles of the base that approve pull requests; none where its file is malformed."""
    try:
        holders = holders_at(git, base.commit)
    except LockstepError:
        return ()
    return tuple(
        RoleReview(
            cut(role, LONGEST_NAME),
            tuple(cut(each.name, LONGEST_NAME) for each in people[:_MOST_PEOPLE]),
        )
        for role, people in islice(holders.items(), _MOST_ROLES)
    )


def _with_families(review: Review, git: Git, base: Base | None, tree: str, now: datetime) -> Review:
    try:
        found, more = family_reviews(git, base.commit if base else None, tree, now)
    except LockstepError as error:
        return _without(review, "the families", error)
    families, left = _fitting(found, _ROOM_OF_FAMILIES)
    return replace(review, families=tuple(families), left_families=more + left)


def _with_difference(review: Review, git: Git, base: Base | None, tree: str) -> Review:
    """What changes in Kubernetes; dangerous objects come first, so that they are never left out."""
    try:
        found = diff_trees(git, base, tree)
    except LockstepError as error:
        return _without(review, "what changes in Kubernetes", error)
    objects, left = _fitting(found.diff.objects)
    diff = replace(found.diff, objects=tuple(objects))
    unread = [f"{each.file}:{each.line}: {each.message}" for each in found.findings]
    missing = [cut(one_line(text), LONGEST_TEXT) for text in unread[:_UNREAD]]
    return replace(review, diff=diff, left_objects=left, missing=(*review.missing, *missing))


def _without(review: Review, what: str, error: LockstepError) -> Review:
    why = one_line(error.located(), LONGEST_TEXT)
    return replace(review, missing=(*review.missing, f"{what}: {why}"))


def _fitting(items: Iterable[T], room: int = _ROOM) -> tuple[list[T], int]:
    """The first of some values that fit into a review, and how many more there are."""
    listed = list(items)
    for number, each in enumerate(listed):
        room -= len(format_compact(msgspec.to_builtins(each))) + 1
        if room < 0:
            return listed[:number], len(listed) - number
    return listed, 0
