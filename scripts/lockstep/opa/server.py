"""Asks OPA, which runs as a child: private, loopback only, gone when Lockstep is gone."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.edges.cache import Cache
from lockstep.model.errors import LockstepError
from lockstep.opa.asking import ANSWER_PATIENCE, CONNECT_PATIENCE, OpaSession, new_client
from lockstep.opa.check import require_sound
from lockstep.opa.child import HOST, OpaChild, free_port
from lockstep.opa.files import policy_files
from lockstep.opa.schemas import Schemas
from lockstep.opa.transport_errors import broke_off, failure_of

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_PATIENCE_TO_START = 20.0
_POLL = 0.01
_PORTS_TO_TRY = 5
_NO_REASON = "it gave no reason"


class OpaServer(OpaSession):
    """An OPA that holds the given policies, started for this run alone.

    The constructor starts the program and returns at once; the first question waits until it is
    ready, and until OPA's compiler has found the policies sound and free of impure builtins. Only
    who knows the random token of this start gets an answer. In turn OPA must know the nonce of
    this start, so that nobody who took the port before it can answer in its place.
    """

    def __init__(
        self,
        policies: Mapping[str, bytes],
        opa: Path,
        *,
        schemas: Schemas | None = None,
        cache: Cache | None = None,
        ports: Callable[[], int] = free_port,
    ) -> None:
        """``policies`` are files by repository path, ``opa`` the program (see find_opa).

        Rules that name one of the ``schemas`` are held against it. ``cache`` remembers which
        policies are sound. ``ports`` gives a loopback port that is free now; another one is asked
        for when it got taken. Raises LockstepError when the policies have no entry point or claim
        a package that is not theirs.
        """
        super().__init__()
        self._opa = opa
        self._files = policy_files(policies)
        self._gate = threading.Lock()
        self._ready = False
        self._ports = ports
        self._child = OpaChild(opa, self._files, ports())
        self._sound = in_background(lambda: require_sound(self._files, opa, schemas, cache))

    @property
    def pid(self) -> int:
        """The process id of OPA."""
        return self._child.pid

    def is_running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._child.ended() is None

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
                    self._sound.result()
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
                answer = client.query_rule({}, "lockstep.server", "nonce").get("result")
            except (OSError, ValueError, AttributeError):
                answer = None
            if answer == self._child.nonce:
                return True
            if time.monotonic() > deadline:
                raise LockstepError(f"OPA was not ready after {_PATIENCE_TO_START:g} seconds")
            time.sleep(_POLL)
        complaint = self._child.error_text()
        if "address already in use" in complaint:
            return False
        self._sound.result()  # the compiler says where; OPA as a server writes that to stdout
        raise LockstepError(
            f"OPA did not start: {complaint or _NO_REASON}", where=str(self._opa),
            fix="run the command again; lockstep policy test shows what OPA says of the rules",
        )  # fmt: skip

    def _failure(self, error: Exception) -> LockstepError:
        # A connection breaks a moment before the end of the program.
        status = self._child.ended(patience=0.5) if broke_off(error) else None
        if status is None:
            return failure_of(error, str(self._opa))
        said = self._child.error_text() or _NO_REASON
        return LockstepError(
            f"OPA ended in the middle of a batch (status {status}: {said})", where=str(self._opa),
            fix="run the command again; if it happens again, look for a lack of memory",
        )  # fmt: skip

    def _connect(self) -> "OpaClient":
        timeout = (CONNECT_PATIENCE, ANSWER_PATIENCE)
        return new_client(HOST, self._child.port, self._child.token, timeout=timeout)

    def _client(self) -> "OpaClient":
        """This thread's client, for the port that the child has now."""
        client = super()._client()
        if client.port != self._child.port:
            client = self._clients.client = self._connect()
        return client


def in_background(work: Callable[[], None]) -> "Future[None]":
    """Start work in a thread of its own; ``result()`` waits, and raises what the work raised."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)
