"""What forges answer, as far as Lockstep reads it; Gitea's API has these forms from GitHub's."""

from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from lockstep.model.document import Json
from lockstep.model.forge import PullRequest

T = TypeVar("T")

_LONGEST_URL = 2_000


class Account(Struct):
    """A user, or a bot."""

    login: str


class Label(Struct):
    """A label of a repository or of a pull request."""

    name: str


class HeadRepository(Struct):
    """The repository of a branch."""

    full_name: str


class BranchEnd(Struct):
    """One end of a pull request."""

    ref: str
    sha: str
    repo: HeadRepository | None = None


class PullAnswer(Struct):
    """A pull request. A user, or the fork of a head, that was deleted is null."""

    number: int
    html_url: str
    title: str
    state: str
    head: BranchEnd
    base: BranchEnd
    user: Account | None = None
    body: str | None = None
    labels: list[Label] | None = None

    def value(self) -> PullRequest:
        """As the value that all forges share."""
        return PullRequest(
            number=self.number,
            url=safe_url(self.html_url),
            title=self.title,
            open=self.state == "open",
            head=self.head.ref,
            head_sha=self.head.sha,
            head_repository=self.head.repo.full_name if self.head.repo else "",
            base=self.base.ref,
            author=self.user.login if self.user else "",
            labels=tuple(label.name for label in self.labels or ()),
        )


class CommentAnswer(Struct):
    """A comment on a pull request."""

    id: int
    html_url: str
    user: Account | None = None
    body: str | None = None


class StatusAnswer(Struct):
    """A status of a commit; Gitea calls its state ``status``."""

    context: str
    description: str | None = None
    target_url: str | None = None
    state: str | None = None
    status: str | None = None


class ReviewAnswer(Struct):
    """A review; a user who was deleted is null, and a review that is not submitted has no time."""

    id: int
    state: str
    user: Account | None = None
    commit_id: str | None = None
    submitted_at: datetime | None = None
    dismissed: bool = False


class Permissions(Struct):
    """What an account may do in a repository."""

    push: bool = False


class RepositoryAnswer(Struct):
    """A repository."""

    full_name: str
    default_branch: str
    permissions: Permissions | None = None


class StatusChecks(Struct):
    """The statuses that a branch requires."""

    contexts: list[str] = field(default_factory=list)


def read(kind: type[T], value: Json) -> T:
    """The value as a kind. Raises ValueError, which says where it is otherwise."""
    return msgspec.convert(value, kind)  # its ValidationError is a ValueError


def safe_url(text: str) -> str:
    """A URL that can be shown: of a page, on one line; empty where it is something else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    page = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    shown = text.isascii() and text.isprintable() and not any(c in text for c in " \"'<>`\\")
    return text if page and shown and len(text) <= _LONGEST_URL else ""
