"""One run of ``opa run --server``: its files, its port, its secrets, its end."""

import hashlib
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from lockstep.edges import process
from lockstep.model.errors import LockstepError
from lockstep.opa.bisect import relevant_lines
from lockstep.opa.files import ARGUMENTS, write_policy_files

HOST = "127.0.0.1"

_FLAGS = (
    "--server", "--authentication=token", "--authorization=basic", "--log-level=error",
    "--skip-version-check", "--skip-known-schema-check", "--shutdown-grace-period=1",
)  # fmt: skip

_SERVER_POLICY = """\
package lockstep.server

nonce := "{nonce}"
"""
_AUTHORIZATION = """\
package system.authz

default allow := false

allow if {{
	crypto.sha256(input.identity) == "{token_digest}"
	input.method == "POST"
	array.slice(input.path, 0, 3) == ["v1", "data", "lockstep"]
}}
"""


class OpaChild:
    """A started OPA. ``token`` is what it asks for; ``nonce`` is what only it can answer.

    Its files lie in a folder of this user alone, and hold the digest of the token rather than
    the token. Its environment is empty, because every policy can read that.
    """

    def __init__(self, opa: Path, policies: Mapping[str, bytes], port: int) -> None:
        """Start ``opa`` on a loopback port with files as ``files.policy_files`` gives them."""
        self.token, self.nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.port = port
        self._opa = opa
        folder = self._folder = Path(tempfile.mkdtemp(prefix="lockstep-opa-"))
        try:
            self._write(folder, policies)
            log = folder / "stderr"
            log.touch()
            argv = [str(opa), "run", *_FLAGS, f"--addr={HOST}:{self.port}", *ARGUMENTS, "server"]
            self._child = process.start(argv, cwd=folder, env={}, stderr=log)
        except BaseException:
            self.forget_files()
            raise
        self._log = log.open("rb")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def ended(self, *, patience: float = 0.0) -> int | None:
        """The exit status, waiting ``patience`` seconds for it; None while the program runs."""
        deadline = time.monotonic() + patience
        while (status := self._child.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return status

    def error_text(self) -> str:
        """What it wrote to stderr that matters; empty where it wrote nothing."""
        self._log.seek(0)
        return relevant_lines(self._log.read(8000).decode(errors="replace"))

    def forget_files(self) -> None:
        """Remove its files: it holds the policies in memory once it is ready."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def stop(self) -> None:
        """End it and remove what was written for it. Safe to call twice."""
        process.stop(self._child)
        self._log.close()
        self.forget_files()

    def _write(self, folder: Path, policies: Mapping[str, bytes]) -> None:
        write_policy_files(policies, folder)
        server = folder / "server"
        server.mkdir()
        digest = hashlib.sha256(self.token.encode()).hexdigest()
        (server / "server.rego").write_text(_SERVER_POLICY.format(nonce=self.nonce))
        (server / "authz.rego").write_text(_AUTHORIZATION.format(token_digest=digest))


def free_port() -> int:
    """A port that is free now; who takes it first, is found out when OPA starts."""
    try:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
            return port
    except OSError as error:
        raise LockstepError(f"no port of {HOST} is free: {error.strerror}") from error
