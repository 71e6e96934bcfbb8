"""``lockstep comment``: a review as the one comment on its pull request.

It runs on the trusted side. The review is data that a pull request's run has written: it is read
within bounds, and nothing of the pull request is checked out or run. The commit, the run and the
forge are what the caller says.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from lockstep.check.followed import known_tip
from lockstep.check.forge_of import forge_of
from lockstep.edges.files import read_file
from lockstep.edges.git import Git
from lockstep.edges.git.objects import is_object_id
from lockstep.edges.strict_json import decode
from lockstep.forges.base import Forge
from lockstep.forges.factory import NoForge, open_forge
from lockstep.model.errors import Invalid, LockstepError, UsageError
from lockstep.model.forge import PullRequest
from lockstep.model.result import Comment, Commented
from lockstep.model.review import LARGEST, Review
from lockstep.report.review import LIMIT, MARKER, Links, format_failure, format_review
from lockstep.text.sanitise import one_line, quoted

_PULL_REQUEST = re.compile(r"(?P<web>https?://[^\s<>()\"'`\\?#]{1,500})/pulls?/\d+")
"""The address of a pull request; what is before its number is that of the repository."""


def run(
    root: Path,
    path: Path,
    head: str,
    environ: Mapping[str, str],
    *,
    run_id: int | None = None,
    printed: bool = False,
) -> Commented:
    """Post the review in a file on the pull requests at ``head``.

    With ``printed`` the result has the text of the comment, and nothing is posted. A file that is
    empty or missing says that the check could not run. Raises UsageError for a head that is no
    commit id, Invalid for a file that is no review, and LockstepError where the forge refuses.
    """
    if not is_object_id(head):
        raise UsageError(f"--head {quoted(head, 100)} is not a commit id",
                         fix="give all 40 or 64 of its digits")  # fmt: skip
    # First: a broken file is refused whatever the forge says.
    review = read_review(path)
    git = Git.find(root)
    # Not what is checked out, where that can be told apart: it says where the token goes.
    tip = known_tip(git)
    place = forge_of(git, tip.commit if tip else "HEAD", environ)
    if isinstance(place, NoForge):
        if not printed:
            raise LockstepError(f"there is no forge to comment at: {place.reason}", fix=place.fix)
        return Commented((Comment(body=_body(review, Links(commit=head), LIMIT)),))
    with open_forge(place) as forge:
        return _posted(forge, review, head, run_id, printed=printed)


def _posted(
    forge: Forge, review: Review | None, head: str, run_id: int | None, *, printed: bool
) -> Commented:
    found = forge.pull_requests_at(head)
    if not found:
        note = (
            f"nothing to do: no open pull request of {forge.repository} has its head at "
            f"{head[:12]}; it was closed, or has moved on"
        )
        return Commented((), note)
    comments = []
    for each in found:
        body = _body(review, _links(forge, each, head, run_id), forge.comment_limit)
        if printed:
            comments.append(Comment(body=body))
        else:
            posted = forge.comment(each.number, MARKER, body)
            comments.append(Comment(posted.url, posted.created))
    return Commented(tuple(comments))


def read_review(path: Path) -> Review | None:
    """The review in a file; None where there is none, or nothing in it.

    Raises Invalid for anything else that is no review, LockstepError for too large a file.
    """
    data = read_file(path, LARGEST) if path.exists() else b""
    if not data.strip():
        return None
    try:
        return Review.from_json(decode(data))
    except ValueError as error:
        raise Invalid(
            f"this is not a review: {one_line(str(error), 300)}", where=str(path),
            fix="nothing was posted; give what lockstep review --report json=FILE has written",
        ) from error  # fmt: skip


def _body(review: Review | None, links: Links, limit: int) -> str:
    if review is None:
        return format_failure(links)
    return format_review(review, links, limit)


def _links(forge: Forge, found: PullRequest, head: str, run_id: int | None) -> Links:
    """Where links lead: all of it is what the forge and the caller say, nothing of the review."""
    place = _PULL_REQUEST.fullmatch(found.url)
    if place is None:
        return Links(commit=head)
    web = place["web"]
    return Links(
        files=f"{web}/{forge.files_path}/{head}/",
        commit=head,
        commit_url=f"{web}/commit/{head}",
        run=f"{web}/actions/runs/{run_id}" if run_id is not None else "",
    )
