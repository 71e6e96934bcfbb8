"""What a conversation passes around: a question, its answer, and the ways in which it fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from lockstep.edges import clock, strict_json
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line

_AGAIN = frozenset((429, 502, 503, 504))
"""Statuses of a server, or a proxy before it, that may answer the same request a moment later."""
_LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A server's answer: HTTP's ``status``, the ``headers`` by their names in lower case.

    ``body`` is its JSON, and None where it has no content.
    """

    status: int
    headers: Mapping[str, str]
    body: Json


Throttle = Callable[[int, Mapping[str, str], bytes], float | None]
"""By status, headers (names in lower case) and body of a refusal: the seconds after which the
server, which has not done what it was asked, may do it; None where it will not."""


class Refused(LockstepError):
    """The server understood the request and refused it; ``status`` is HTTP's."""

    def __init__(self, status: int, message: str, *, where: str, fix: str) -> None:
        super().__init__(message, where=where, fix=fix)
        self.status = status


class Forbidden(LockstepError):
    """The server refused the credentials, or their lack; ``status`` is 401 or 403."""

    def __init__(self, status: int, message: str, *, where: str, fix: str) -> None:
        super().__init__(message, where=where, fix=fix)
        self.status = status


class Unsure(LockstepError):
    """The server may have done what it was asked: look before you ask again."""


class Passing(Exception):
    """A failure that may be over after ``wait`` seconds.

    ``answered`` says whether the server said anything, ``undone`` whether it has not done what it
    was asked for sure.
    """

    def __init__(
        self, failure: LockstepError, wait: float = 0.0, *, answered: bool = True, undone: bool
    ) -> None:
        super().__init__()
        self.failure, self.wait, self.answered, self.undone = failure, wait, answered, undone


@dataclass(frozen=True, slots=True)
class HttpQuestion:
    """A request, and which statuses of its answer say that it was done."""

    method: str
    path: str
    content: Mapping[str, Any]
    is_success: Callable[[int], bool]
    writes_once: bool


def throttle_by_status(status: int, headers: Mapping[str, str], _body: bytes) -> float | None:
    """The ``Throttle`` of any server: by its status, and what its Retry-After says."""
    return seconds(headers.get("retry-after", "")) if status in _AGAIN else None


def said(body: bytes, redacted: Callable[[str], str]) -> str:
    """The server's own message, as ``: ...``; empty where there is none.

    ``redacted`` takes secrets out of it, which it does before the message is cut.
    """
    try:
        found = strict_json.decode(body)
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    messages = (found[key] for key in ("error", "message", "detail", "errors") if key in found)
    text = next((each for each in messages if isinstance(each, str)), "")
    return f": {one_line(redacted(text), _LONGEST_SAID)}" if text else ""


def seconds(after: str) -> float:
    """The seconds that a Retry-After asks for: a number, or a date; 0 where it is neither."""
    from email.utils import parsedate_to_datetime

    if after.isascii() and after.isdigit() and len(after) < 10:
        return float(after)
    try:
        return max((parsedate_to_datetime(after) - clock.now()).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def is_success(status: int) -> bool:
    """Whether a status says that what was asked has been done."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
