"""A session with an OPA, wherever it runs: batches in, answers out, errors with a reason."""

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Self

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.bisect import evaluate_each

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

STRICT = {"strict-builtin-errors": "true"}
"""Without it, a builtin that fails is an undefined value, and that reads as a pass."""

CONNECT_TIMEOUT = 10.0
"""Seconds until an OPA must have accepted a connection."""

# opa_client's default, 1.5 seconds, is too short for a batch.
ANSWER_TIMEOUT = 120.0
"""Seconds that an OPA may send nothing while it evaluates a batch."""

EXCHANGE_TIMEOUT = 150.0
"""Seconds that a whole request to an OPA elsewhere may take, however slowly it sends its answer."""

_WORKERS = 2  # OPA evaluates one batch while the answers of the other are read


class OpaSession(ABC):
    """An OPA that holds the expected rules. Use as a context manager, or call close()."""

    def __init__(self) -> None:
        # A client keeps one connection, and threads must not share that.
        self._clients = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def evaluate(self, batch: Json) -> list[Json]:
        """The answers to the items of one batch (see lockstep.policy.items).

        An item whose evaluation failed has the answer ``{"id", "error"}``. Raises LockstepError
        when OPA cannot be reached, holds other rules, or gives no answer at all.
        """
        return self.evaluate_all([batch])

    def evaluate_all(self, batches: Sequence[Json]) -> list[Json]:
        """The answers to all batches, in their order; two are evaluated at a time."""
        if not batches:
            return []
        self._wait()
        if len(batches) == 1:
            return evaluate_each(self._send, batches[0])
        with ThreadPoolExecutor(_WORKERS) as pool:
            parts = pool.map(lambda batch: evaluate_each(self._send, batch), batches)
            return [answer for answers in parts for answer in answers]

    @abstractmethod
    def close(self) -> None:
        """End what the session has started. Safe to call twice."""

    @abstractmethod
    def _wait(self) -> None:
        """Return when OPA is ready and holds the expected rules; raise LockstepError otherwise."""

    @abstractmethod
    def _connect(self) -> "OpaClient":
        """A new client, for one thread."""

    @abstractmethod
    def _error_of(self, error: Exception) -> LockstepError:
        """The error to raise for what a failed request has raised."""

    def _exchange(self, request: Callable[[], Json]) -> Json:
        """What a request returns or raises. An OPA elsewhere bounds the time that it may take."""
        return request()

    def _client(self) -> "OpaClient":
        """This thread's client."""
        client: OpaClient | None = getattr(self._clients, "client", None)
        if client is None:
            client = self._clients.client = self._connect()
        return client

    def _send(self, batch: Json) -> Json:
        return self._query(batch, "lockstep", "answers")

    def _query(self, given: Json, package: str, rule: str) -> Json:
        """The value of a rule; None where it is undefined, or OPA does not have it."""
        try:
            client = self._client()
            body = self._exchange(lambda: client.query_rule(given, package, rule, STRICT))
        except (OSError, ValueError, TypeError) as error:  # those of requests are OSErrors
            raise self._error_of(error) from error
        return body.get("result") if isinstance(body, dict) else None


def new_client(host: str, port: int, token: str, *, timeout: object, ssl: object = False,
               cert: str | None = None) -> "OpaClient":  # fmt: skip
    """A client without retries or redirects, which ignores proxies and ``.netrc``.

    ``ssl`` is False, or the CA file or folder that the server's certificate is checked with;
    ``timeout`` is in seconds, or a pair of them (to connect, between bytes).
    """
    client = _client_class()(
        host, port, ssl=ssl, cert=cert, token=token, retries=0, timeout=timeout
    )
    # The environment's proxies and .netrc are for other hosts: this token must not reach them.
    client._session.trust_env = False
    # A redirect could lead the token to another host.
    client._session.max_redirects = 0
    return client


def import_client() -> None:
    """Import the client's libraries, in a thread that nothing waits for yet."""
    _client_class()


@cache
def _client_class() -> "type[OpaClient]":
    """opa_client's synchronous client, imported late: its libraries take as long as OPA's start."""
    package = find_spec("opa_client")
    if package is not None:
        # Without its __init__, which also imports the asynchronous client: a tenth of a second.
        sys.modules.setdefault("opa_client", module_from_spec(package))
    from opa_client.opa import OpaClient as Client

    client: type[OpaClient] = Client  # the library has no types
    return client


def in_background(work: Callable[[], None]) -> "Future[None]":
    """Start work in a thread of its own; ``result()`` waits, and raises what the work raised."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work)
    finally:
        # Accepts no more work, so that the thread ends by itself.
        pool.shutdown(wait=False)
