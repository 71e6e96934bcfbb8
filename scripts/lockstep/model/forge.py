"""What a forge (GitHub, Gitea) holds about a repository: pull requests, statuses, protection."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ForgeSettings:
    """What ``lockstep.yaml`` says of the forge: its kind, and its API's root; empty where not."""

    kind: str = ""
    api: str = ""


UNDECLARED = ForgeSettings()
"""For a ``lockstep.yaml`` that says nothing of it."""


APPROVAL_STATUS = "lockstep/approval"
"""The status of a commit that says whether people have approved what needs it.

A forge can require it before a merge.
"""


class CommitState(StrEnum):
    """The state of a status that is set on a commit."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as the forge has it.

    ``head`` and ``base`` are names of branches; ``head_repository`` is ``owner/name`` of the
    repository that has the head, which is another one where it comes from a fork, and empty where
    that fork was deleted.
    """

    number: int
    url: str
    title: str
    open: bool
    head: str
    head_sha: str
    head_repository: str
    base: str
    author: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequestDraft:
    """A pull request to open or to bring up to date: ``head`` is to be merged into ``base``.

    Both are branches of the same repository.
    """

    title: str
    body: str
    head: str
    base: str


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """What a check says of a commit; ``url`` leads to its details and may be empty."""

    context: str
    state: CommitState
    description: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class PullRequestReview:
    """The latest decisive review of one person: approved, or changes requested.

    ``commit`` is the head that it was given for, ``submitted_at`` is aware.
    """

    author: str
    approved: bool
    commit: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class PostedComment:
    """A comment that was posted, or brought up to date where ``created`` is false."""

    url: str
    created: bool


@dataclass(frozen=True, slots=True)
class BranchProtection:
    """How a forge protects a branch.

    ``may_push`` says whether the token's owner may push to it, and is None where the forge does
    not tell. ``known`` is false where the token may not read the protection: then the other fields
    say only what could be read.
    """

    protected: bool
    required_statuses: tuple[str, ...] = ()
    required_approvals: int = 0
    may_push: bool | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class ForgeRights:
    """What a token may do in a repository; None where the forge does not tell.

    ``login`` is the account that it belongs to, empty where the forge does not tell.
    """

    login: str
    push: bool | None
    pull_requests: bool | None
    statuses: bool | None
    comments: bool | None
