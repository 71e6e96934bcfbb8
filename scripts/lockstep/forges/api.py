"""Requests about one repository to a forge's API: pages of lists, and writes that happen once."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from lockstep.edges.http import Conversation
from lockstep.edges.http_answers import HttpAnswer, Unsure
from lockstep.forges.answers import read
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError

T = TypeVar("T")

_MOST_PAGES = 40
_PAUSES = (1.0, 2.0, 4.0)
"""The seconds before another look at what a write may have done."""


class ForgeApi:
    """The API of a forge during one conversation; paths begin at ``root``."""

    def __init__(self, talk: Conversation, name: str, root: str, page: Mapping[str, str]) -> None:
        """``page`` are the parameters that ask for the longest pages of a list."""
        self._talk, self._name, self._root, self._page = talk, name, root, page

    def get(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        """What is at a path."""
        return self._read(kind, self._talk.request("GET", self._root + path, params=params).body)

    def write(self, method: str, path: str, body: Json) -> Json:
        """The answer to a request that leaves the same behind, however often it is made."""
        return self._talk.request(method, self._root + path, body=body).body

    def graphql(self, path: str, query: str, variables: Mapping[str, str]) -> Json:
        """The answer to a question in GraphQL; its path does not begin at the root."""
        return self._talk.post(path, body={"query": query, "variables": dict(variables)})

    def create(
        self, path: str, body: Json, kind: type[T], find: Callable[[], T | None]
    ) -> tuple[T, bool]:
        """What a POST makes, and whether this one made it.

        It is not repeated before ``find`` has looked for what a POST may have made whose answer
        did not arrive.
        """
        for pause in (*_PAUSES, None):
            try:
                made = self._talk.request("POST", self._root + path, body=body, writes_once=True)
                return self._read(kind, made.body), True
            except Unsure:
                found = find()
                if found is not None:
                    return found, True
                if pause is None:
                    raise
                self._talk.wait(pause)
        raise AssertionError("the last attempt returns or raises")

    def pause(self, attempt: int) -> None:
        """Wait before an attempt that follows so many others, within the conversation's time."""
        self._talk.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)])

    def items(
        self, path: str, kind: type[T], params: Mapping[str, str] | None = None
    ) -> Iterator[T]:
        """The items of a list, page after page.

        Raises LockstepError where there are more than so many pages: what was not read must not
        look like what is not there. No address of an answer is followed, only pages are counted.
        """
        seen = 0
        for page in range(1, _MOST_PAGES + 1):
            asked = {**(params or {}), **self._page, "page": str(page)}
            answer = self._talk.request("GET", self._root + path, params=asked)
            items = self._read(list[kind], answer.body)  # type: ignore[valid-type]
            yield from items
            seen += len(items)
            if not items or not _has_more(answer, seen):
                return
        raise LockstepError(
            f"{self._name} has more than {seen} items in this list, and no more are read",
            where=path, fix="close or delete old ones",
        )  # fmt: skip

    def _read(self, kind: type[T], value: Json) -> T:
        try:
            return read(kind, value)
        except ValueError as error:
            raise self.unreadable(str(error)) from None

    def unreadable(self, why: str) -> LockstepError:
        """The error for an answer that has another form than the API's."""
        return LockstepError(
            f"the answer of {self._name} has not the form of its API: {why}",
            fix="check forge.kind and forge.api in lockstep.yaml",
        )


def _has_more(answer: HttpAnswer, seen: int) -> bool:
    """Whether a list goes on, by GitHub's header or by Gitea's."""
    total = answer.headers.get("x-total-count", "")
    return 'rel="next"' in answer.headers.get("link", "") or (
        total.isascii() and total.isdigit() and len(total) < 10 and int(total) > seen
    )
