"""The status ``lockstep/approval`` of a pull request: what it brings without gates is approved.

Everything that decides is of the base: the program, the rules, the list of those who may approve.
The reviews are what the forge says, and count for exactly the commit that they were given for.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lockstep.check.approvers import PULL_REQUESTS, holders_at
from lockstep.check.base import Base
from lockstep.check.commit_approvals import ToApprove, approvals_of_commit
from lockstep.check.followed import Followed, find_followed
from lockstep.check.forge_of import forge_of
from lockstep.edges.git import Git
from lockstep.edges.git.objects import is_object_id
from lockstep.forges.base import Forge
from lockstep.forges.factory import NoForge, open_forge
from lockstep.model.errors import LockstepError, NothingToCheck, UsageError
from lockstep.model.forge import APPROVAL_STATUS, CommitState, CommitStatus, PullRequest
from lockstep.model.holders import Approvals, Holder, Reviewed, approvals_of, by_login
from lockstep.model.paths import APPROVERS
from lockstep.model.result import ApprovalStatus
from lockstep.report.counting import count
from lockstep.text.sanitise import one_line, quoted

_SHOWN = 5
_NOBODY = f"nobody may: {APPROVERS} of the base has no account for a role of {PULL_REQUESTS}"


@dataclass(frozen=True)
class ApprovalRequest:
    """Which commit is asked about; with ``dry_run`` the status is not set."""

    root: Path
    head: str
    now: datetime
    environ: Mapping[str, str]
    remote: str | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class _Verdict:
    """The state for one or several pull requests, in words, and what was left out of account."""

    state: CommitState
    text: str
    notes: tuple[str, ...] = ()


def set_approval(request: ApprovalRequest) -> ApprovalStatus:
    """Find out what the pull requests of a commit need, and set the status on it.

    Where that cannot be found out, the status is ``failure``, and the error is raised. Raises
    NothingToCheck where the commit is no head of an open pull request to the followed branch.
    """
    if not is_object_id(request.head):
        raise UsageError(
            f"--head {quoted(request.head, 100)} is not the full id of a commit",
            fix="give all of its digits, such as github.event.pull_request.head.sha",
        )
    git = Git.find(request.root)
    followed = find_followed(git, request.remote)
    if followed.remote is None:
        raise UsageError("there is no remote, so there are no pull requests")
    place = forge_of(git, followed.tip, request.environ, followed.remote)
    if isinstance(place, NoForge):
        raise UsageError(f"no forge can be asked: {place.reason}", fix=place.fix)
    with open_forge(place) as forge:
        found = _pull_requests(forge, followed, request)
        if not found:
            raise NothingToCheck(
                f"no open pull request to {followed.branch} has the head {request.head}",
                fix="a new push has another head: its own run sets its status",
            )
        return _decided(git, followed, forge, found, request)


def _pull_requests(
    forge: Forge, followed: Followed, request: ApprovalRequest
) -> Sequence[PullRequest]:
    try:
        at = forge.pull_requests_at(request.head)
    except LockstepError as error:  # such as more of them than are read
        _set_failure(forge, request, error)
        raise
    return [each for each in at if each.base == followed.branch]


def _decided(
    git: Git,
    followed: Followed,
    forge: Forge,
    found: Sequence[PullRequest],
    request: ApprovalRequest,
) -> ApprovalStatus:
    try:
        _have(git, followed, request.head, found)
        base = Base(followed.tip, followed.branch)
        needed = approvals_of_commit(git, request.head, base, request.now)
        verdict = _judged(git, followed, forge, found, needed, request)
    except Exception as error:  # a mistake of the program, too: an earlier success must not stay
        _set_failure(forge, request, error)
        raise
    if not request.dry_run:
        forge.set_status(request.head, CommitStatus(APPROVAL_STATUS, verdict.state, verdict.text))
    return ApprovalStatus(
        str(followed), request.head, tuple(each.url for each in found), needed.findings,
        verdict.state, verdict.text, verdict.notes, dry_run=request.dry_run,
    )  # fmt: skip


def _set_failure(forge: Forge, request: ApprovalRequest, error: Exception) -> None:
    """Nothing may be merged on a status of before; the error itself is what is reported."""
    if request.dry_run:
        return
    what = error.message if isinstance(error, LockstepError) else type(error).__name__
    text = one_line(f"it could not be found out: {what}", 1000)
    with suppress(LockstepError):
        forge.set_status(request.head, CommitStatus(APPROVAL_STATUS, CommitState.FAILURE, text))


def _have(git: Git, followed: Followed, head: str, found: Sequence[PullRequest]) -> None:
    """Have the commit with its history; nothing of it is checked out."""
    if git.is_shallow():
        raise LockstepError(
            "this clone is shallow, so a merge of the pull request cannot be made",
            fix="check out with fetch-depth: 0",
        )
    if followed.remote is None or git.fetch_commit(followed.remote, head):
        return
    # A server may give no commit by its id: then by the name that both forges have for it.
    git.fetch_references(followed.remote, [f"refs/pull/{found[0].number}/head"])
    if git.resolve(head) != head:
        raise LockstepError(
            f"{followed.remote.name} no longer has the commit {head}", fix="run it on the new head"
        )


def _judged(
    git: Git,
    followed: Followed,
    forge: Forge,
    found: Sequence[PullRequest],
    needed: ToApprove,
    request: ApprovalRequest,
) -> _Verdict:
    if needed.mistakes:
        mistakes = count(len(needed.mistakes), "mistake")
        text = f"lockstep check finds {mistakes}; what needs approval is known once they are fixed"
        shown = (f"{f.file}:{f.line}: {f.rule}: {f.message}" for f in needed.mistakes[:_SHOWN])
        return _Verdict(CommitState.PENDING, text, tuple(shown))
    if not needed.findings:
        return _Verdict(CommitState.SUCCESS, "nothing of this change needs an approval")
    people = [each for listed in holders_at(git, followed.tip).values() for each in listed]
    holders = by_login(people, forge.name, request.now)
    writers = git.writers_between(followed.tip, request.head)
    given = [
        approvals_of(Reviewed(each, request.head, forge.reviews(each.number), writers), holders)
        for each in found
    ]
    return _by_reviews(needed, holders, given)


def _by_reviews(
    needed: ToApprove, holders: Mapping[str, Holder], given: Sequence[Approvals]
) -> _Verdict:
    """Each pull request needs its own: the status is of the commit, and lets all of them merge."""
    notes = tuple(dict.fromkeys(note for each in given for note in each.ignored))
    changes = count(len(needed.findings), "change")
    if all(each.by for each in given):
        names = ", ".join(dict.fromkeys(name for each in given for name in each.by))
        return _Verdict(CommitState.SUCCESS, f"{changes} approved by {names}", notes)
    who = ", ".join(sorted(holders)) or _NOBODY
    return _Verdict(CommitState.PENDING, f"{changes} to approve by one of: {who}", notes)
