"""What Lockstep asks of a forge, whichever it is, and what it has to know of its kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lockstep.edges.http import Conversation
from lockstep.model.forge import (
    BranchProtection,
    CommitStatus,
    ForgeRights,
    PostedComment,
    PullRequest,
    PullRequestDraft,
    PullRequestReview,
)


class Forge(Protocol):
    """One repository at a forge, during one conversation.

    Every method raises LockstepError for a forge that cannot be reached, refuses, or answers with
    what cannot be read. A method that writes leaves one thing behind, however often it is called
    and whatever failed in between.
    """

    name: str
    """The kind of the forge: ``github`` or ``gitea``."""
    repository: str
    """The repository, as ``owner/name``."""
    comment_limit: int
    """The most characters of a comment, or of a pull request's text."""
    files_path: str
    """What is between a repository's address and a commit in that of the commit's files."""

    def pull_requests_at(self, sha: str) -> tuple[PullRequest, ...]:
        """The open pull requests whose head is exactly this commit, oldest first."""
        ...

    def open_or_update(self, draft: PullRequestDraft) -> tuple[PullRequest, bool]:
        """The open pull request from a draft's head to its base, and whether it was created.

        One that is open already gets the draft's title and text.
        """
        ...

    def pull_request_of(self, head: str, base: str) -> PullRequest | None:
        """The open pull request from one branch of this repository to another; None without.

        Those of forks, whose branches may have any name, do not count.
        """
        ...

    def comment(self, number: int, marker: str, body: str) -> PostedComment:
        """Post a comment, or give the one with ``marker`` the new text.

        ``body`` must contain the marker. Only comments of the token's own account are looked at:
        anybody may write a marker.
        """
        ...

    def set_status(self, sha: str, status: CommitStatus) -> None:
        """Set a status on a commit; the newest of a context counts."""
        ...

    def reviews(self, number: int) -> tuple[PullRequestReview, ...]:
        """The latest decisive review of each person: reviews that were dismissed do not count."""
        ...

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Add labels to a pull request; those that it has stay. The repository gets new ones."""
        ...

    def protection(self, branch: str) -> BranchProtection:
        """How a branch is protected."""
        ...

    def rights(self) -> ForgeRights:
        """What the token may do. It asks for what can never be made, so nothing is written."""
        ...


@dataclass(frozen=True, slots=True)
class ForgeKind:
    """A kind of forge: what its module says of it, for the table in ``factory``.

    ``id`` is the ``forge.kind`` of lockstep.yaml, ``name`` what messages call it. ``token`` is the
    environment variable that its users know, and ``rights`` what to do about a token that may do
    too little. ``api_of`` gives the address of the API at a host, ``open`` a repository
    (``owner/name``) in a conversation, with the path at which the API begins. ``headers`` go with
    each request.
    """

    id: str
    name: str
    token: str
    rights: str
    api_of: Callable[[str], str]
    open: Callable[[Conversation, str, str], Forge]
    headers: Mapping[str, str] = field(default_factory=dict)
