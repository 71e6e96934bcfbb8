"""Conversations with JSON servers: the one door for gates and forges, which ask over HTTP.

A conversation has a bound on its total time, whatever the server does meanwhile, and on the bytes
of its answers. Redirects are not followed, and no error shows what the server was sent in secret.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from lockstep.edges import bounded, strict_json
from lockstep.edges.http_address import Address, is_loopback
from lockstep.edges.http_answers import (
    Forbidden,
    HttpAnswer,
    HttpQuestion,
    Passing,
    Refused,
    Throttle,
    Unsure,
    is_success,
    said,
    throttle_by_status,
)
from lockstep.edges.http_errors import Words, unreached, was_sent
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

E = TypeVar("E", bound=LockstepError)

_PAUSES = (0.5, 1.0, 2.0)
"""The seconds before each further attempt, where the server does not say."""
_CONNECT = 5.0
"""The seconds to wait for a connection."""
_PART = 65_536


@dataclass(frozen=True, slots=True)
class Server:
    """A server, how messages call it, and what it gets to see.

    ``secrets`` are headers whose values no message shows, such as ``Authorization``; they go to an
    address that is private only. ``ca`` is the file that the server's certificate is checked with
    (empty: the CAs of requests, or those of REQUESTS_CA_BUNDLE). ``access`` says what to do where
    the server refuses the credentials, or their lack. ``headers`` go with each request, and
    ``throttle`` says which refusals pass.
    """

    address: Address
    words: Words
    access: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    throttle: Throttle = throttle_by_status

    def redacted(self, text: str) -> str:
        """The text without the secrets: a server may repeat them in an error."""
        for value in self.secrets.values():
            for secret in (value, value.partition(" ")[2]):  # of Bearer TOKEN, the token too
                text = text.replace(secret, "***") if secret else text
        return text


@dataclass(frozen=True, slots=True)
class Limits:
    """What all requests of one conversation may take together."""

    seconds: float = 30.0
    size: int = 32 * 1024 * 1024


class Conversation:
    """Requests to one server, one after the other, within common limits; a context manager.

    A request that failed for a reason that may pass is made again; one that writes only where the
    server has not done it for sure.
    """

    def __init__(self, server: Server, limits: Limits = Limits()) -> None:
        """The time begins now. Raises LockstepError where secrets would be sent in the open."""
        self._server, self._limits = server, limits
        if server.secrets and not server.address.private:
            raise self._error(
                "a token is sent over https only, or to this machine",
                "give the address with https, or no token for this server",
            )
        self._end = time.monotonic() + limits.seconds
        self._left = limits.size
        self._ended = threading.Event()
        self._session = _session(server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._session.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """What the server answers to a GET of ``path``, which is added to its address.

        Raises LockstepError for every failure; Refused where the server refused this request.
        """
        return self._ask("GET", path, params=params)

    def post(self, path: str, *, form: Mapping[str, str] | None = None, body: Json = None) -> Json:
        """As ``get`` for a POST of a form, or else of a JSON ``body``, which only asks."""
        return self._ask("POST", path, data=form, json=body if form is None else None)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json = None,
        writes_once: bool = False,
    ) -> HttpAnswer:
        """The answer to a request with any status of success.

        A request that ``writes_once`` leaves more behind when it is made twice. Raises as ``get``,
        Forbidden where the server refuses the credentials, and Unsure where such a request may
        have been done although no answer says so.
        """
        return self._exchange(
            HttpQuestion(method, path, {"params": params, "json": body}, is_success, writes_once)
        )

    def wait(self, seconds: float) -> None:
        """Wait so long, at most until the conversation's time is over."""
        self._ended.wait(max(min(seconds, self._end - time.monotonic()), 0.0))

    def _ask(self, method: str, path: str, **content: Any) -> Json:
        return self._exchange(HttpQuestion(method, path, content, _is_ok, writes_once=False)).body

    def _exchange(self, question: HttpQuestion) -> HttpAnswer:
        path = question.path
        if path and not path.startswith("/"):  # it could continue the name of the host
            raise self._error("the path of a request must begin with /", "correct the path")
        left = max(self._end - time.monotonic(), 0.0)
        return bounded.ask(
            self._server.address.url, lambda: self._attempts(question), left, self._late()
        )

    def _attempts(self, question: HttpQuestion) -> HttpAnswer:
        for pause in (*_PAUSES, None):
            try:
                return self._attempt(question)
            except Passing as passing:
                if question.writes_once and not passing.undone:
                    raise self._unsure(passing.failure) from None
                wait = max(pause or 0.0, passing.wait)
                # At once, and not when the time is over: the reason says more than that.
                if pause is None or time.monotonic() + wait >= self._end:
                    if not passing.answered:
                        bounded.give_up(self._server.address.url, passing.failure)
                    raise passing.failure from None
                if self._ended.wait(wait):
                    raise passing.failure from None
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, question: HttpQuestion) -> HttpAnswer:
        from http.client import HTTPException

        from requests import exceptions as failed
        from urllib3.exceptions import HTTPError

        left = max(self._end - time.monotonic(), 0.1)
        response = None
        try:
            response = self._session.request(
                question.method, self._server.address.url + question.path, **question.content,
                auth=self._sign, verify=self._server.ca or True,
                timeout=(min(_CONNECT, left), left), allow_redirects=False, stream=True,
            )  # fmt: skip
            with response:
                body = self._body(response)
        # requests raises some errors of its parts as they are, and ValueErrors for addresses.
        except (failed.RequestException, OSError, ValueError, HTTPException, HTTPError) as error:
            failure = self._redacted(unreached(error, self._server.words, self._where))
            if isinstance(error, failed.SSLError | ValueError):
                raise failure from None
            raise Passing(
                failure, answered=response is not None, undone=not was_sent(error)
            ) from None
        if not question.is_success(response.status_code):
            self._refuse(response, body)
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code == HTTPStatus.NO_CONTENT:
            return HttpAnswer(response.status_code, headers, None)
        try:
            return HttpAnswer(response.status_code, headers, strict_json.decode(body))
        except ValueError as error:
            failure = self._error(
                f"the answer of {self._server.words.what} cannot be read: {error}",
                self._server.words.kind,
            )
            raise (self._unsure(failure) if question.writes_once else failure) from None

    def _body(self, response: "Response") -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            # Not asked for, and a few bytes could unpack to any number.
            raise self._error(
                f"the answer of {self._server.words.what} is compressed, which was not asked for",
                self._server.words.kind,
            )
        parts = []
        for part in response.iter_content(_PART):
            self._left -= len(part)
            if self._left < 0:
                raise self._error(
                    f"{self._server.words.what} answered with more than {self._limits.size} bytes",
                    "ask for less: fewer series, or a longer block",
                )
            if self._ended.is_set() or time.monotonic() >= self._end:
                raise self._late()  # nobody waits for the rest
            parts.append(part)
        return b"".join(parts)

    def _refuse(self, response: "Response", body: bytes) -> NoReturn:
        """Raise the error for an answer with a status other than success."""
        status, words = response.status_code, self._server.words
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            # Not followed, because it could lead a token to another host. Only the host is shown:
            # the rest of a URL may hold secrets.
            target = urlsplit(response.headers.get("Location", "")).hostname or "another path"
            raise self._error(
                f"{words.what} answered with a redirect (HTTP {status}) to "
                f"{one_line(target, 80)}, which is not followed",
                words.moved,
            )
        why = said(body, self._server.redacted)
        headers = {name.lower(): value for name, value in response.headers.items()}
        wait = self._server.throttle(status, headers, body)
        text = f"{words.what} refused the request with HTTP {status}{why}"
        if wait is not None:
            # A server that is overloaded or sick may have done it; one that counts requests not.
            undone = status < HTTPStatus.INTERNAL_SERVER_ERROR
            raise Passing(self._error(text, words.again), wait, undone=undone)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            text = f"{words.what} refused the token, or the lack of one (HTTP {status}){why}"
            raise self._redacted(
                Forbidden(status, text, where=self._where, fix=self._server.access)
            )
        fix = words.kind if status == HTTPStatus.NOT_FOUND else words.again
        raise self._redacted(Refused(status, text, where=self._where, fix=fix))

    @property
    def _where(self) -> str:
        return self._server.address.url

    def _sign(self, request: "PreparedRequest") -> "PreparedRequest":
        # As a function, because requests would otherwise put what .netrc has for the host in place.
        request.headers.update(self._server.secrets)
        return request

    def _unsure(self, failure: LockstepError) -> Unsure:
        return Unsure(failure.message, where=failure.where, fix=failure.fix)

    def _late(self) -> LockstepError:
        words, seconds = self._server.words, self._limits.seconds
        return self._error(f"{words.what} gave no answer within {seconds:g} seconds", words.again)

    def _error(self, message: str, fix: str) -> LockstepError:
        return self._redacted(LockstepError(message, where=self._where, fix=fix))

    def _redacted(self, error: E) -> E:
        error.message = self._server.redacted(error.message)
        # A traceback shows args, and they still hold the old message.
        error.args = (error.message,)
        return error


def _is_ok(status: int) -> bool:
    """For what only asks: any other success has no value in it."""
    return status == HTTPStatus.OK


def _session(server: Server) -> "Session":
    import requests  # takes long, and most runs ask no server

    session = requests.Session()
    session.headers["Accept"] = "application/json"
    session.headers["Accept-Encoding"] = "identity"
    session.headers.update(server.headers)
    # The environment's proxies are for other hosts: what is for this machine stays on it.
    session.trust_env = not is_loopback(server.address.host)
    return session
