"""What the APIs of GitHub and Gitea have in common: Gitea's was made in the image of GitHub's."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from lockstep.edges.git.objects import is_object_id
from lockstep.edges.http_answers import Forbidden, Refused
from lockstep.forges.answers import (
    CommentAnswer,
    PullAnswer,
    RepositoryAnswer,
    ReviewAnswer,
    StatusAnswer,
    safe_url,
)
from lockstep.forges.api import ForgeApi
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.forge import (
    BranchProtection,
    CommitStatus,
    ForgeRights,
    PostedComment,
    PullRequest,
    PullRequestDraft,
    PullRequestReview,
)
from lockstep.text.sanitise import quoted, shorten

_LONGEST_TITLE = 250
_LONGEST_DESCRIPTION = 140
_UNFIT = (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT, HTTPStatus.BAD_REQUEST)
"""How a forge refuses what cannot be made, to one who might make it."""
_SETTLES = 4
"""How often a pull request is tried for a branch that was pushed a moment ago."""


class RestForge(ABC):
    """A forge by its REST API (see base.Forge); a subclass says what is its own."""

    name: str
    files_path: str
    comment_limit = 65_536
    decisive: Mapping[str, bool | None]
    """Whether a review of a state approves; None where it takes an earlier one back."""

    def __init__(self, api: ForgeApi, repository: str) -> None:
        self.repository = repository
        self._api = api
        self._path = f"/repos/{repository}"
        self._login = ""

    # Pull requests

    def pull_requests_at(self, sha: str) -> tuple[PullRequest, ...]:
        """See base.Forge."""
        sha = _commit(sha)
        found = [each for each in self._open_ones({}) if each.head.sha == sha]
        return tuple(each.value() for each in sorted(found, key=lambda each: each.number))

    def pull_request_of(self, head: str, base: str) -> PullRequest | None:
        """See base.Forge."""
        found = self._find(head, base)
        return found.value() if found else None

    def open_or_update(self, draft: PullRequestDraft) -> tuple[PullRequest, bool]:
        """See base.Forge."""
        text: Json = {
            "title": shorten(draft.title, _LONGEST_TITLE),
            "body": shorten(draft.body, self.comment_limit),
        }
        found, created = self._find(draft.head, draft.base), False
        if found is None:
            found, created = self._create(draft, text)
        if not created and (found.title, found.body or "") != (text["title"], text["body"]):
            self._api.write("PATCH", f"{self._path}/pulls/{found.number}", text)
            found.title = text["title"]
        return found.value(), created

    def _create(self, draft: PullRequestDraft, text: Json) -> tuple[PullAnswer, bool]:
        """A forge may not know yet a branch that was pushed a moment ago, or another run is faster:
        in either case it refuses, and by what is there the reason is known."""
        for attempt in range(_SETTLES):
            try:
                return self._api.create(
                    f"{self._path}/pulls", {**text, "head": draft.head, "base": draft.base},
                    PullAnswer, lambda: self._find(draft.head, draft.base),
                )  # fmt: skip
            except Refused as error:
                found = self._find(draft.head, draft.base)
                if found is not None:
                    return found, False
                if attempt == _SETTLES - 1 or error.status not in (
                    HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT
                ):  # fmt: skip
                    raise
                self._api.pause(attempt)
        raise AssertionError("the last attempt returns or raises")

    def _find(self, head: str, base: str) -> PullAnswer | None:
        return next(
            (
                each
                for each in self._open_ones(self._filter(head, base))
                if (each.head.ref, each.base.ref) == (head, base)
                and each.head.repo is not None
                and each.head.repo.full_name.lower() == self.repository.lower()
            ),
            None,
        )

    def _open_ones(self, params: Mapping[str, str]) -> Iterator[PullAnswer]:
        listed = self._api.items(f"{self._path}/pulls", PullAnswer, {"state": "open", **params})
        return (each for each in listed if each.state == "open")

    @abstractmethod
    def _filter(self, head: str, base: str) -> Mapping[str, str]:
        """The parameters that shorten the list to pull requests between two branches."""

    # Comments, labels, reviews, statuses

    def comment(self, number: int, marker: str, body: str) -> PostedComment:
        """See base.Forge."""
        if len(body) > self.comment_limit:
            raise LockstepError(
                f"a comment of {len(body)} characters is longer than {self.name} takes",
                fix=f"give one of at most {self.comment_limit} characters",
            )
        path, me = f"{self._path}/issues/{number}/comments", self.login()

        def mine() -> list[CommentAnswer]:
            listed = self._api.items(path, CommentAnswer)
            found = [
                e for e in listed if e.user and e.user.login == me and marker in (e.body or "")
            ]
            return sorted(found, key=lambda each: each.id)

        posted, created = mine(), False
        if not posted:
            made, created = self._api.create(
                path, {"body": body}, CommentAnswer, lambda: next(iter(mine()), None)
            )
            # Of two runs at a time both may have posted: both keep the same one.
            posted = mine() or [made]
            created = created and posted[0].id == made.id
        found, *others = posted
        for each in others:
            self._delete_comment(each.id)
        if not created and found.body != body:
            self._api.write("PATCH", f"{self._path}/issues/comments/{found.id}", {"body": body})
        return PostedComment(safe_url(found.html_url), created)

    def _delete_comment(self, number: int) -> None:
        try:
            self._api.write("DELETE", f"{self._path}/issues/comments/{number}", None)
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:  # the other run was faster
                raise

    @abstractmethod
    def login(self) -> str:
        """The account that the token belongs to."""

    @abstractmethod
    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """See base.Forge."""

    def set_status(self, sha: str, status: CommitStatus) -> None:
        """See base.Forge."""
        sha = _commit(sha)
        body = {
            "state": status.state.value,
            "context": status.context,
            "description": shorten(status.description, _LONGEST_DESCRIPTION),
            **({"target_url": status.url} if status.url else {}),
        }

        def newest() -> StatusAnswer | None:
            found = next((s for s in self._statuses(sha) if s.context == status.context), None)
            same = found and (found.state or found.status, found.description or "") == (
                body["state"], body["description"]
            )  # fmt: skip
            return found if same else None

        self._api.create(f"{self._path}/statuses/{sha}", body, StatusAnswer, newest)

    @abstractmethod
    def _statuses(self, sha: str) -> Iterator[StatusAnswer]:
        """The statuses of a commit, newest first."""

    def reviews(self, number: int) -> tuple[PullRequestReview, ...]:
        """See base.Forge."""
        latest: dict[str, PullRequestReview | None] = {}
        listed = self._api.items(f"{self._path}/pulls/{number}/reviews", ReviewAnswer)
        submitted = [
            (each.submitted_at, each.id, each.user.login, each)
            for each in listed
            if each.user and each.submitted_at and (each.dismissed or each.state in self.decisive)
        ]
        for moment, _, login, each in sorted(submitted, key=lambda item: item[:2]):
            approved = None if each.dismissed else self.decisive[each.state]
            latest[login] = (
                None
                if approved is None
                else PullRequestReview(login, approved, each.commit_id or "", moment)
            )
        return tuple(review for _, review in sorted(latest.items()) if review)

    # What doctor asks

    @abstractmethod
    def protection(self, branch: str) -> BranchProtection:
        """See base.Forge."""

    def rights(self) -> ForgeRights:
        """See base.Forge."""
        home = self._api.get(self._path, RepositoryAnswer)
        return ForgeRights(
            login=self._known_login(),
            push=self._may_push(home),
            pull_requests=self._may_open(home.default_branch),
            statuses=self._may_set_status(),
            comments=self._may_comment(),
        )

    @abstractmethod
    def _may_push(self, home: RepositoryAnswer) -> bool | None:
        """Whether the token may push to some branch."""

    @abstractmethod
    def _may_open(self, branch: str) -> bool | None:
        """Whether the token may open pull requests; ``branch`` is there."""

    @abstractmethod
    def _may_set_status(self) -> bool | None:
        """Whether the token may set statuses."""

    @abstractmethod
    def _may_comment(self) -> bool | None:
        """Whether the token may comment; None where the forge does not tell."""

    def _known_login(self) -> str:
        try:
            return self.login()
        except LockstepError:
            return ""

    def _may(self, path: str, body: Json) -> bool | None:
        """Whether a request that can never succeed is refused for what it asks for, and not for
        the token; None where the answer does not tell."""
        try:
            self._api.write("POST", path, body)
        except Forbidden:
            return False
        except Refused as error:
            return True if error.status in _UNFIT else None
        return None


def _commit(sha: str) -> str:
    if not is_object_id(sha):
        raise LockstepError(f"{quoted(sha)} is not the whole id of a commit", fix="give all of it")
    return sha
