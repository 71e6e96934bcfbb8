"""An OPA that runs as a child of this process: private, on loopback only, gone with Lockstep."""

import hashlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.edges import bounded, process, scratch
from lockstep.edges.cache import Cache
from lockstep.edges.os_errors import advice, reason
from lockstep.model.errors import LockstepError
from lockstep.opa.base import (
    ANSWER_TIMEOUT,
    CONNECT_TIMEOUT,
    OpaSession,
    import_client,
    in_background,
    new_client,
)
from lockstep.opa.compiler import InputSchemas, require_compiled
from lockstep.opa.files import ARGUMENTS, policy_files, write_policy_files
from lockstep.opa.transport_errors import connection_broke, error_of
from lockstep.text.sanitise import cut

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_HOST = "127.0.0.1"
_START_TIMEOUT = 20.0
_PROBE_TIMEOUT = 2.0
_POLL = 0.01  # every run waits for its OPA: a longer pause would be felt
_PORTS_TO_TRY = 5  # a port can be taken between its choice and OPA's start, but rarely twice
_NO_REASON = "it gave no reason"

# Port 0 would let OPA choose, but it does not say which port it got. Version checks would send
# requests to the internet.
_FLAGS = (
    "--server", "--authentication=token", "--authorization=basic", "--log-level=error",
    "--skip-version-check", "--skip-known-schema-check", "--shutdown-grace-period=1",
)  # fmt: skip

_SERVER_POLICY = """\
package lockstep.server

nonce := "{nonce}"
"""
# Queries of Lockstep's rules alone: the token lets no one replace policies or read other data.
_AUTHORIZATION = """\
package system.authz

default allow := false

allow if {{
	crypto.sha256(input.identity) == "{token_digest}"
	input.method == "POST"
	array.slice(input.path, 0, 3) == ["v1", "data", "lockstep"]
}}
"""


class ChildOpa(OpaSession):
    """A session with an OPA that this run has started for itself.

    The constructor starts the program and returns at once. The first evaluation waits until it is
    ready, and until OPA's compiler has accepted the policies. OPA answers only requests with the
    random token of this start, so that no other user of the machine can use it. In turn OPA must
    know the nonce of this start, so that a program that took the port first cannot answer for it.
    """

    def __init__(
        self,
        policies: Mapping[str, bytes],
        opa: Path,
        *,
        schemas: InputSchemas | None = None,
        cache: Cache | None = None,
        ports: Callable[[], int] | None = None,
        started: "OpaProcess | None" = None,
    ) -> None:
        """``policies`` are files by repository path, ``opa`` the program (see find_opa).

        Rules that name one of the ``schemas`` are checked against it. ``cache`` remembers which
        policies compile. ``ports`` gives a loopback port that is free now; it is called again
        where another program took the port first. ``started`` is a process with these policies
        that runs already. Raises LockstepError when the policies have no entry point or claim a
        package that is not theirs.
        """
        super().__init__()
        self._opa = opa
        self._files = policy_files(policies)
        self._lock = threading.Lock()
        self._ready = False
        self._ports = ports or free_port
        self._process = started or OpaProcess(opa, self._files, self._ports())
        # While the server starts: the run waits only for the slower of the two.
        self._compiled = in_background(lambda: require_compiled(self._files, opa, schemas, cache))
        in_background(import_client)

    @property
    def pid(self) -> int:
        """The process id of OPA."""
        return self._process.pid

    @property
    def is_ready(self) -> bool:
        """Whether an evaluation has waited until it was ready."""
        return self._ready

    def is_running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.ended() is None

    def close(self) -> None:
        """Stop the program and remove its files. Safe to call twice."""
        self._process.stop()

    def _wait(self) -> None:
        with self._lock:
            if self._ready:
                return
            for _ in range(_PORTS_TO_TRY):
                if self._comes_up():
                    self._process.remove_files()
                    self._compiled.result()
                    self._ready = True
                    return
                self._process.stop()
                self._process = OpaProcess(self._opa, self._files, self._ports())
            raise LockstepError(
                "OPA found no free port on this machine",
                where=_HOST,
                fix="end programs that hold ports open, then run it again",
            )

    def _comes_up(self) -> bool:
        """Whether OPA is ready; False when another program took its port first."""
        deadline = time.monotonic() + _START_TIMEOUT
        client = self._client()
        while self._process.ended() is None:
            if self._answers(client):
                return True
            if time.monotonic() > deadline:
                raise LockstepError(
                    f"OPA was not ready after {_START_TIMEOUT:g} seconds",
                    fix="run it again; if it happens again, look for a lack of CPU or memory",
                )
            time.sleep(_POLL)
        said = self._process.error_text()
        if "address already in use" in said:
            return False
        self._compiled.result()  # the compiler says where; a server that does not start does not
        raise LockstepError(
            f"OPA did not start: {said or _NO_REASON}", where=str(self._opa),
            fix="run the command again; lockstep policy test shows what OPA says of the rules",
        )  # fmt: skip

    def _answers(self, client: "OpaClient") -> bool:
        """Whether this run's own OPA answers. Another program on its port may send without end."""
        # Of this attempt alone: OPA may be slow to start, and is asked again.
        attempt = f"{_HOST}:{client.port} at {time.monotonic()}"
        try:
            answer = bounded.ask(
                attempt,
                lambda: client.query_rule({}, "lockstep.server", "nonce").get("result"),
                _PROBE_TIMEOUT,
                LockstepError("no answer in time"),
            )
        except (OSError, ValueError, AttributeError, LockstepError):
            return False  # it does not listen yet, or another program answers
        return bool(answer == self._process.nonce)

    def _error_of(self, error: Exception) -> LockstepError:
        # A connection breaks a moment before the process has ended.
        status = self._process.ended(within=0.5) if connection_broke(error) else None
        if status is None:
            return error_of(error, str(self._opa))
        said = self._process.error_text() or _NO_REASON
        return LockstepError(
            f"OPA ended in the middle of a batch (status {status}: {said})", where=str(self._opa),
            fix="run the command again; if it happens again, look for a lack of memory",
        )  # fmt: skip

    def _connect(self) -> "OpaClient":
        timeout = (CONNECT_TIMEOUT, ANSWER_TIMEOUT)
        return new_client(_HOST, self._process.port, self._process.token, timeout=timeout)

    def _client(self) -> "OpaClient":
        """This thread's client, for the port that the child has now."""
        client = super()._client()
        # A client of the first start would go to the program that took its port.
        if client.port != self._process.port:
            client = self._clients.client = self._connect()
        return client


class OpaProcess:
    """One run of ``opa run --server``: its files, its port, its secrets, its end.

    It answers requests with ``token`` only, and only it can answer with ``nonce``. Its files are
    in a folder that no other user can read, and hold the digest of the token in place of the
    token. Its environment is empty, because every policy can read that (``opa.runtime``).
    """

    def __init__(self, opa: Path, policies: Mapping[str, bytes], port: int) -> None:
        """Start ``opa`` on a loopback port with files as ``files.policy_files`` gives them."""
        self.token, self.nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.port = port
        self._folder = scratch.make_folder()
        log = self._folder / "stderr"
        try:
            with scratch.explained(self._folder):
                self._write(policies)
                log.touch()
            argv = [str(opa), "run", *_FLAGS, f"--addr={_HOST}:{port}", *ARGUMENTS, "server"]
            self._child = process.start(argv, cwd=self._folder, env={}, stderr=log)
        except BaseException:
            self.remove_files()
            raise
        self._log = log.open("rb")  # stays readable when the files are removed

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def ended(self, *, within: float = 0.0) -> int | None:
        """The exit status, waiting ``within`` seconds for it; None while the program runs."""
        deadline = time.monotonic() + within
        while (status := self._child.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return status

    def error_text(self) -> str:
        """What it wrote to stderr that matters; empty where it wrote nothing."""
        self._log.seek(0)
        # Bounded: a server that fails again and again writes without end.
        return relevant_lines(self._log.read(8000).decode(errors="replace"))

    def remove_files(self) -> None:
        """Remove its files: once it is ready it holds the policies in memory."""
        scratch.remove_folder(self._folder)

    def stop(self) -> None:
        """End it and remove its files. Safe to call twice."""
        process.stop(self._child)
        self._log.close()
        self.remove_files()

    def _write(self, policies: Mapping[str, bytes]) -> None:
        write_policy_files(policies, self._folder)
        server = self._folder / "server"
        server.mkdir()
        digest = hashlib.sha256(self.token.encode()).hexdigest()
        # In a folder of their own, which no file of the policies can be written to.
        (server / "server.rego").write_text(_SERVER_POLICY.format(nonce=self.nonce))
        (server / "authz.rego").write_text(_AUTHORIZATION.format(token_digest=digest))


def free_port() -> int:
    """A port that is free now; another program may still take it before OPA does (see _wait)."""
    try:
        with socket.socket() as probe:
            probe.bind((_HOST, 0))
            port: int = probe.getsockname()[1]
            return port
    except OSError as error:
        raise LockstepError(
            f"no port of {_HOST} is free: {reason(error)}",
            fix=advice(error, "end programs that hold ports open, then run it again"),
        ) from error


def relevant_lines(log: str) -> str:
    """What matters in OPA's stderr: plain lines, and the errors among its JSON lines."""
    lines = []
    for line in log.splitlines():
        if not line.startswith("{"):
            lines.append(line)
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "fatal", "panic"):
            lines.append(f"{entry.get('msg')} {entry.get('err', '')}".strip())
    return cut("\n".join(lines), 4000)
