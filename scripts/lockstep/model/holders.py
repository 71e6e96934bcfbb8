"""People who approve pull requests at a forge, and whether enough of them have."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct, field

from lockstep.model.forge import PullRequest, PullRequestReview
from lockstep.model.times import parse_time


class Holder(Struct, frozen=True, rename="camel"):
    """A person with a role: an address, logins by kind of forge, and from when until when."""

    name: str
    logins: Mapping[str, str] = field(default_factory=dict)
    valid_after: str | None = None
    valid_before: str | None = None

    def counts_at(self, now: datetime) -> bool:
        """Whether the entry is in force. Raises ValueError for a time that is none."""
        early = self.valid_after is not None and now < parse_time(self.valid_after)
        late = self.valid_before is not None and now >= parse_time(self.valid_before)
        return not early and not late


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One pull request and its reviews, for one commit.

    ``writers`` are the addresses of those who wrote or committed what it brings.
    """

    pull_request: PullRequest
    head: str
    reviews: Sequence[PullRequestReview]
    writers: Collection[str]


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who has approved, by address, and why other reviews do not count."""

    by: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def approvals_of(reviewed: Reviewed, holders: Mapping[str, Holder]) -> Approvals:
    """Which reviews count: by a holder, of exactly the head, and not of the person's own change.

    ``holders`` are those of the roles that may approve, by login in lower case.
    """
    by: dict[str, None] = {}
    ignored: list[str] = []
    for review in reviewed.reviews:
        holder = holders.get(_folded(review.author))
        if holder is None or not review.approved:
            continue
        if why := _why_not(review, holder, reviewed, holders):
            ignored.append(f"the approval by {holder.name} does not count: {why}")
        else:
            by[holder.name] = None
    return Approvals(tuple(by), tuple(ignored))


def by_login(holders: Sequence[Holder], kind: str, now: datetime) -> dict[str, Holder]:
    """The holders that a forge of this kind knows and that count now, by login in lower case.

    GitHub and Gitea have no two accounts whose names differ in case only.
    """
    known = (each for each in holders if kind in each.logins and each.counts_at(now))
    return {_folded(each.logins[kind]): each for each in known}


def _why_not(
    review: PullRequestReview, holder: Holder, reviewed: Reviewed, holders: Mapping[str, Holder]
) -> str:
    if review.commit != reviewed.head:
        return f"it is for {review.commit[:12]}, and the head is {reviewed.head[:12]}"
    # By the person: a person may have several accounts.
    author = holders.get(_folded(reviewed.pull_request.author))
    own = author is not None and author.name == holder.name
    if own or _folded(review.author) == _folded(reviewed.pull_request.author):
        return "the pull request is their own"
    wrote = {who for each in reviewed.writers for who in _names_of(each.lower())}
    if {holder.name.lower(), _folded(review.author)} & wrote:
        return "they have written a commit of it"
    return ""


def _names_of(address: str) -> Iterator[str]:
    """An address of a commit, and the login in one of a forge: 7+login@users.noreply.github.com."""
    yield address
    local, _, domain = address.rpartition("@")
    if "noreply" in domain:
        yield local.rpartition("+")[2]


def _folded(login: str) -> str:
    return login.lower()
