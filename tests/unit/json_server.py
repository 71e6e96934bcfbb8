"""An HTTP server on loopback that answers what a test says, faults at the wire included."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.unit.opa.remote_parts import Certificates


@dataclass
class Request:
    """What the server was asked: ``query`` holds the fields of the URL and of a form."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """An answer. ``content`` is sent as it is where it is bytes, and as JSON otherwise.

    ``drip`` sends a byte each so many seconds; ``cut`` closes in the middle of the body.
    """

    content: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    cut: bool = False

    @property
    def body(self) -> bytes:
        return (
            self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()
        )


Answers = Callable[[Request], Reply]


class JsonServer:
    """``url`` is its address, ``asked`` the requests so far."""

    def __init__(self, answers: Answers, tls: Certificates | None = None) -> None:
        self.asked: list[Request] = []
        self._stopped = threading.Event()
        asked, stopped = self.asked, self._stopped

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                query = dict(parse_qsl(parts.query))
                if self.headers.get("Content-Type") == "application/x-www-form-urlencoded":
                    query |= dict(parse_qsl(body.decode()))
                request = Request(self.command, parts.path, query, dict(self.headers), body)
                asked.append(request)
                self._send(answers(request))

            do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

            def _send(self, reply: Reply) -> None:
                self.send_response(reply.status)
                body = reply.body
                headers = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
                for name, value in {**headers, **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    if reply.drip:
                        for byte in body:
                            self.wfile.write(bytes([byte]))
                            if stopped.wait(reply.drip):
                                return
                    else:
                        self.wfile.write(body[: len(body) // 2] if reply.cut else body)
                except OSError:
                    pass  # the client has gone

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.cert, tls.key)
            # The handshake is made by the thread of the request, which it can then fail.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def json_server(answers: Answers, tls: Certificates | None = None) -> Iterator[JsonServer]:
    """A server until the end of the block; with ``tls`` by https."""
    server = JsonServer(answers, tls)
    try:
        yield server
    finally:
        server.stop()
