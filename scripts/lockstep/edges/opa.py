"""Asks OPA, which runs as a child: private, loopback only, gone when Lockstep is gone."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lockstep.edges.opa_binary import judge_version, require_recent
from lockstep.edges.opa_child import HOST, OpaChild, free_port
from lockstep.edges.opa_faults import answer_each, fault_of
from lockstep.edges.opa_files import policy_files
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_PATIENCE_TO_START = 20.0
_PATIENCE_TO_ANSWER = 120.0
_POLL = 0.01
_PORTS_TO_TRY = 5
_WORKERS = 2
_NO_REASON = "it gave no reason"


class OpaServer:
    """An OPA that holds the given policies. Use as a context manager, or call close().

    The constructor starts the program and returns at once; the first question waits until it is
    ready. Only who knows the random token of this start gets an answer. In turn OPA must know
    the nonce of this start, so that nobody who took the port before it can answer in its place.
    """

    def __init__(
        self,
        policies: Mapping[str, bytes],
        opa: Path,
        *,
        ports: Callable[[], int] = free_port,
    ) -> None:
        """``policies`` are files by repository path, ``opa`` the program (see find_opa).

        ``ports`` gives a loopback port that is free now; another one is asked for when it got
        taken. Raises LockstepError when the policies have no entry point or reach outside.
        """
        self._opa = opa
        self._files = policy_files(policies)
        self._clients = threading.local()
        self._gate = threading.Lock()
        self._ready = False
        self._ports = ports
        self._child = OpaChild(opa, self._files, ports())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id of OPA."""
        return self._child.pid

    def evaluate(self, batch: Json) -> list[Json]:
        """The answers to the items of one batch (see lockstep.stages.policy.batches).

        An item whose evaluation failed is answered by ``{"id", "error"}``. Raises LockstepError
        when OPA does not start, dies, or gives no answer at all.
        """
        self._wait()
        return answer_each(self._ask, batch)

    def evaluate_all(self, batches: Sequence[Json]) -> list[Json]:
        """The answers to all batches, in their order; two are asked at a time."""
        if len(batches) < 2:
            return [answer for batch in batches for answer in self.evaluate(batch)]
        self._wait()
        with ThreadPoolExecutor(_WORKERS) as pool:
            return [answer for answers in pool.map(self.evaluate, batches) for answer in answers]

    def close(self) -> None:
        """Stop the program and remove what was written for it. Safe to call twice."""
        self._child.stop()

    def _wait(self) -> None:
        with self._gate:
            if self._ready:
                return
            for _ in range(_PORTS_TO_TRY):
                if self._comes_up():
                    self._child.forget_files()
                    self._ready = True
                    return
                self._child.stop()
                self._child = OpaChild(self._opa, self._files, self._ports())
            raise LockstepError("OPA found no free port on this machine", where=HOST)

    def _comes_up(self) -> bool:
        """Whether OPA is ready; False when another program took its port first."""
        deadline = time.monotonic() + _PATIENCE_TO_START
        client = self._client()
        while self._child.ended() is None:
            try:
                answer = client.query_rule({}, "lockstep.server", "identity").get("result")
            except (OSError, ValueError, AttributeError):
                answer = None
            if isinstance(answer, dict) and answer.get("nonce") == self._child.nonce:
                judge_version(self._opa, str(answer.get("version")))
                return True
            if time.monotonic() > deadline:
                raise LockstepError(f"OPA was not ready after {_PATIENCE_TO_START:g} seconds")
            time.sleep(_POLL)
        complaint = self._child.complaint()
        if "address already in use" in complaint:
            return False
        require_recent(self._opa)
        raise LockstepError(
            f"OPA did not start: {self._child.compiler_errors() or complaint or _NO_REASON}",
            where="policies/",
            fix="mend the policy that it names; lockstep policy test shows all of its messages",
        )

    def _ask(self, batch: Json) -> Json:
        client = self._client()
        strict = {"strict-builtin-errors": "true"}
        try:
            body = client.query_rule(batch, "lockstep", "answers", strict)
        except (OSError, ValueError, TypeError) as error:
            raise self._failure(error) from error
        return body.get("result") if isinstance(body, dict) else None

    def _failure(self, error: Exception) -> LockstepError:
        fault = fault_of(error)
        if fault:
            return fault
        from requests.exceptions import InvalidJSONError

        if isinstance(error, TypeError | ValueError | InvalidJSONError):
            said = f"{type(error).__name__}: {error}"[:300]
            return LockstepError(f"a question or its answer is no JSON: {said}", where="OPA")
        status = self._child.ended(patience=0.5)  # a connection breaks a moment before the end
        if status is None:
            text = f"OPA did not answer: {type(error).__name__}"
            return LockstepError(text, where=str(self._opa), fix="run the command again")
        said = self._child.complaint() or _NO_REASON
        return LockstepError(
            f"OPA ended in the middle of a batch (status {status}: {said})",
            where=str(self._opa),
            fix="run the command again; if it happens again, look for a lack of memory",
        )

    def _client(self) -> "OpaClient":
        """This thread's client; imported late, because the import takes as long as OPA's start."""
        client = getattr(self._clients, "client", None)
        if client is None or client.port != self._child.port:
            from opa_client.opa import OpaClient as Client

            token, port = self._child.token, self._child.port
            client = Client(HOST, port, token=token, retries=0, timeout=_PATIENCE_TO_ANSWER)
            # Proxies and .netrc are for other hosts; this token must reach none of them.
            client._session.trust_env = False
            self._clients.client = client
        return client
