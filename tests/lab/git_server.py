"""Serves bare repositories over HTTPS: ``python -m tests.lab.git_server FOLDER PORT CERT KEY``.

The work is that of git's own http-backend. All who reach the port may read and push: it is on
loopback, and the repositories hold what a test or a demo wrote.
"""

import os
import re
import ssl
import subprocess
import sys
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from tests.lab.ports import HOST

_PLACE = re.compile(r"/[a-z0-9][a-z0-9-]{0,62}\.git/(info/refs|git-upload-pack|git-receive-pack)")
_CHUNK = 1 << 16
_PATIENCE = 120.0


class GitHandler(BaseHTTPRequestHandler):
    """One request, passed to ``git http-backend``."""

    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    repositories: Path

    def do_GET(self) -> None:
        """Pass on a request without a body."""
        self._serve()

    def do_POST(self) -> None:
        """Pass on a request with a body."""
        self._serve()

    def _serve(self) -> None:
        # The answer ends with the connection: its length is not known when it begins.
        self.close_connection = True
        address = urlsplit(self.path)
        path = unquote(address.path)
        if not _PLACE.fullmatch(path):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with subprocess.Popen(
            ["git", "http-backend"], env=self._variables(path, address.query),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as backend:  # fmt: skip
            assert backend.stdin and backend.stdout
            try:
                self._send_body(backend.stdin)
                self._answer(backend.stdout)
            except OSError as error:  # either side has hung up
                self.log_error("%s: %s", path, error)
                backend.kill()

    def _variables(self, path: str, query: str) -> dict[str, str]:
        given = {
            "GIT_PROJECT_ROOT": str(self.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_USER": "lab",
        }
        length = self.headers.get("Content-Length")
        return dict(os.environ) | given | ({"CONTENT_LENGTH": length} if length else {})

    def _send_body(self, stdin: IO[bytes]) -> None:
        with stdin:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                while size := int(self.rfile.readline(32).split(b";")[0], 16):
                    stdin.write(self.rfile.read(size))
                    self.rfile.readline(4)
                return
            left = int(self.headers.get("Content-Length") or 0)
            while left and (data := self.rfile.read(min(left, _CHUNK))):
                stdin.write(data)
                left -= len(data)

    def _answer(self, stdout: IO[bytes]) -> None:
        headers: list[tuple[str, str]] = []
        while line := stdout.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        status = next((value for name, value in headers if name.lower() == "status"), "200")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            if name.lower() != "status":
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while data := stdout.read(_CHUNK):
            self.wfile.write(data)


class GitServer(ThreadingHTTPServer):
    """Takes connections at once: a client that is slow in its handshake stops no other."""

    def __init__(self, port: int, handler: type[GitHandler], tls: ssl.SSLContext) -> None:
        super().__init__((HOST, port), handler)
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Begin TLS in the thread of the connection."""
        request.settimeout(_PATIENCE)
        with self._tls.wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)
            # GnuTLS, which Debian's git uses, takes an end without a goodbye for a cut connection.
            with suppress(OSError):
                encrypted.unwrap()


def main(folder: str, port: str, certificate: str, key: str) -> None:
    """Serve until the process is ended."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(certificate, key)
    handler = type("Handler", (GitHandler,), {"repositories": Path(folder)})
    GitServer(int(port), handler, tls).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
