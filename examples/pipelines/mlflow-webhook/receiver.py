"""A receiver of MLflow's webhooks that starts the workflow ``propose`` of a fleet at GitHub.

What MLflow sends is a hint: of it, the workflow gets the number of a version, and reads that from
the registry itself. So a delivery that is lost, late or repeated changes nothing that is proposed.

Run it where MLflow reaches it, behind your own TLS: ``python receiver.py``. It needs Python 3.11
and nothing else. The settings below say what starts a proposal. The rest is in the environment:

- ``RECEIVER_WEBHOOK_SECRET``: the secret that the webhook has in MLflow, of 16 characters or more.
- ``RECEIVER_GITHUB_TOKEN``: a token that may run the workflows of the repository (actions: write),
  and no more.
- Each of them with ``_FILE`` at the end instead: a file that has it, which is read every time, so
  that it can be renewed without a restart.
- ``RECEIVER_LISTEN``: where to listen, by default ``127.0.0.1:8080``; ``RECEIVER_GITHUB_API``: by
  default ``https://api.github.com``.
"""

import base64
import hmac
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

# The fleet: its repository at GitHub, and the branch that Argo CD follows.
REPOSITORY = "https://git.example.com/ml/fleet.git"
BRANCH = "main"
# The family of each registered model, as environment/family. Other models are ignored.
FAMILIES = {
    "fraud": "prod/fraud-detection",
}
# Where MLflow has workspaces: the one whose models these are.
WORKSPACE = "default"

# What starts a proposal. A version is created before its tags are set, so its creation is too early
# where rules ask for tags: let the pipeline set this tag as the last one, or this alias.
TAG = ("validated", "true")
ALIAS = "candidate"
CREATION = False

PATH = "/mlflow"
LARGEST_BODY = 256 * 1024
SHORTEST_SECRET = 16
TOLERANCE = 300.0
"""Seconds by which the time of a delivery may differ from the time here."""
MOST_DELIVERIES = 10_000
"""That are remembered while they could be sent again; beyond, none is taken."""
MOST_CALLERS = 32
SECONDS = 10.0
"""For one read, of a request or of GitHub's answer."""
MOST_SECONDS = 20.0
"""For a whole request, and for a whole answer, however slowly they come. MLflow waits 30."""

VERSION = re.compile(r"[1-9][0-9]{0,9}")
# Without dots, because a dot separates what is signed.
DELIVERY = re.compile(r"[A-Za-z0-9_-]{1,100}")
TIMESTAMP = re.compile(r"[0-9]{1,12}")
# The owner and the name, at the end of a repository's address.
SLUG = re.compile(r"[/:]([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?\Z")


class Proposal(NamedTuple):
    """What the workflow is started with. Only the version comes from outside, and is a number."""

    family: str
    version: str
    reason: str


class Ignored(Exception):
    """An event that asks for nothing here."""


class NoDispatch(Exception):
    """GitHub did not start the workflow."""


class Secret:
    """A secret of the environment, or of the file that the environment names."""

    def __init__(self, name: str, environ: Mapping[str, str], shortest: int = 1) -> None:
        self.name, self.shortest = name, shortest
        self.value, self.file = environ.get(name, ""), environ.get(name + "_FILE", "")
        self.read()

    def read(self) -> str:
        """The secret as it is now. Raises ValueError where it is missing, or none."""
        try:
            found = Path(self.file).read_text("ascii").strip() if self.file else self.value
        except (OSError, ValueError):
            raise ValueError(f"{self.name}_FILE cannot be read") from None
        if len(found) < self.shortest or not (found.isascii() and found.isprintable()):
            raise ValueError(f"{self.name} is missing, shorter than {self.shortest}, or not ASCII")
        return found


class GitHub:
    """The repository whose workflow is started."""

    def __init__(self, api: str, token: Secret) -> None:
        self.token, parts = token, urlsplit(api)
        secure = parts.scheme == "https"
        if not parts.hostname or not (secure or api.startswith("http://127.0.0.1:")):
            raise ValueError("RECEIVER_GITHUB_API is not an https address")
        slug = SLUG.search(REPOSITORY)
        if not slug:
            raise ValueError("REPOSITORY, in this file, is no address of a repository")
        self.connect, self.place = HTTPSConnection if secure else HTTPConnection, parts.netloc
        workflow = f"/repos/{slug[1]}/actions/workflows/propose.yml/dispatches"
        self.path = parts.path.rstrip("/") + workflow

    def propose(self, proposal: Proposal) -> None:
        """Start the workflow ``propose``. Raises NoDispatch where GitHub has not started it."""
        connection = self.connect(self.place, timeout=SECONDS)
        end = threading.Timer(MOST_SECONDS, _cut, [connection])
        end.daemon = True
        end.start()
        try:
            body = json.dumps({"ref": BRANCH, "inputs": proposal._asdict()})
            # This client follows no redirect: the token is for this address alone.
            connection.request("POST", self.path, body, self._headers())
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise NoDispatch(f"GitHub gives no answer: {type(error).__name__}") from None
        except ValueError as error:
            raise NoDispatch(str(error)) from None
        finally:
            end.cancel()
            connection.close()
        if status != HTTPStatus.NO_CONTENT:
            raise NoDispatch(f"GitHub answered {status}")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token.read()}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "User-Agent": "lockstep-mlflow-webhook",
            "X-GitHub-Api-Version": "2022-11-28",
        }


def _cut(connection: HTTPConnection) -> None:
    if connection.sock:
        connection.sock.shutdown(socket.SHUT_RDWR)


class Deliveries:
    """The deliveries that were taken, for as long as their time lets them be sent again."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, delivery: str) -> bool:
        """Whether this delivery is new; from now on it is not. Raises OverflowError when full."""
        with self._lock:
            now = time.monotonic()
            self._taken = {d: at for d, at in self._taken.items() if now - at < 2 * TOLERANCE}
            if delivery in self._taken:
                return False
            if len(self._taken) >= MOST_DELIVERIES:
                raise OverflowError
            self._taken[delivery] = now
            return True

    def give_back(self, delivery: str) -> None:
        """Let a delivery that came to nothing be sent again, as MLflow does after a 5xx."""
        with self._lock:
            self._taken.pop(delivery, None)


def signature(secret: str, delivery: str, timestamp: str, body: bytes) -> str:
    """What MLflow signs a delivery with, in its header X-MLflow-Signature."""
    signed = f"{delivery}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def wanted(event: Any) -> Proposal:
    """What an event asks for. Raises Ignored where it asks for nothing here.

    What is no event of MLflow raises LookupError, TypeError, ValueError or AttributeError.
    """
    kind, data = f"{event['entity']}.{event['action']}", event["data"]
    if kind == "model_version.created" and CREATION:
        reason = "MLflow: the version was registered"
    elif kind == "model_version_tag.set" and (data["key"], data["value"]) == TAG:
        reason = f"MLflow: the tag {TAG[0]} was set to {TAG[1]}"
    elif kind == "model_version_alias.created" and data["alias"] == ALIAS:
        reason = f"MLflow: the alias {ALIAS} was given"
    else:
        raise Ignored("this event starts nothing")
    if event.get("workspace", WORKSPACE) != WORKSPACE:
        raise Ignored("another workspace")
    if data["name"] not in FAMILIES:
        raise Ignored("this model has no family")
    if not VERSION.fullmatch(data["version"]):
        raise ValueError("the version is not a number")
    return Proposal(FAMILIES[data["name"]], data["version"], reason)


class Server(ThreadingHTTPServer):
    """Serves a bounded number of callers at once."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], secret: Secret, github: GitHub) -> None:
        self.secret, self.github, self.deliveries = secret, github, Deliveries()
        self._free = threading.BoundedSemaphore(MOST_CALLERS)
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a caller in a thread, or hang up where too many are served."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a caller, and then be free for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in a line that a caller has gone."""
        print(f"no answer to {client_address[0]}: {sys.exception()!r}", file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    """Answers 200 for what is done or asks for nothing, 5xx for what MLflow should send again."""

    server: Server
    timeout = SECONDS

    def handle(self) -> None:
        """Answer what comes on a connection, which ends in bounded time."""
        end = threading.Timer(2 * MOST_SECONDS, self.connection.shutdown, [socket.SHUT_RDWR])
        end.daemon = True
        end.start()
        try:
            super().handle()
        finally:
            end.cancel()

    def do_POST(self) -> None:
        """Take a delivery of MLflow."""
        if self.path != PATH:
            return self._answer(HTTPStatus.NOT_FOUND, "no such path")
        body = self._body()
        if body is None:
            return
        delivery = self.headers.get("X-MLflow-Delivery-Id", "")
        if not self._is_authentic(delivery, body):
            return self._answer(HTTPStatus.UNAUTHORIZED, "not signed with the secret, or too old")
        try:
            proposal = wanted(json.loads(body))
        except Ignored as why:
            return self._answer(HTTPStatus.OK, f"ignored: {why}")
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            return self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, "not an event of MLflow")
        self._propose(delivery, proposal)

    def _propose(self, delivery: str, proposal: Proposal) -> None:
        deliveries = self.server.deliveries
        try:
            if not deliveries.take(delivery):
                return self._answer(HTTPStatus.OK, "ignored: this delivery was taken before")
        except OverflowError:
            return self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many deliveries")
        try:
            self.server.github.propose(proposal)
        except NoDispatch as error:
            deliveries.give_back(delivery)
            return self._answer(HTTPStatus.BAD_GATEWAY, str(error))
        self._answer(HTTPStatus.OK, f"started propose for {proposal.family} {proposal.version}")

    def _is_authentic(self, delivery: str, body: bytes) -> bool:
        """Whether MLflow signed this, a moment ago."""
        timestamp = self.headers.get("X-MLflow-Timestamp", "")
        if not (DELIVERY.fullmatch(delivery) and TIMESTAMP.fullmatch(timestamp)):
            return False
        try:
            ours = signature(self.server.secret.read(), delivery, timestamp, body)
        except ValueError:
            return False
        given = self.headers.get("X-MLflow-Signature", "").encode(errors="replace")
        is_new = abs(time.time() - int(timestamp)) <= TOLERANCE
        return hmac.compare_digest(ours.encode(), given) and is_new

    def _body(self) -> bytes | None:
        """The bytes of the request; None, with an answer, where they are missing or too many."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,9}", length):
            self._answer(HTTPStatus.LENGTH_REQUIRED, "give Content-Length")
        elif int(length) > LARGEST_BODY:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
            self.close_connection = True
        return None

    def _answer(self, status: HTTPStatus, text: str) -> None:
        self.log_message("%d %s", status, text)
        said = f"{text}\n".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(said)))
        # What is left of a body that was not read must not be taken for a request.
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        self.wfile.write(said)


def server_of(environ: Mapping[str, str]) -> Server:
    """The server that the environment describes. Raises ValueError or OSError for what is wrong."""
    secret = Secret("RECEIVER_WEBHOOK_SECRET", environ, SHORTEST_SECRET)
    token = Secret("RECEIVER_GITHUB_TOKEN", environ)
    github = GitHub(environ.get("RECEIVER_GITHUB_API", "https://api.github.com"), token)
    host, _, port = environ.get("RECEIVER_LISTEN", "127.0.0.1:8080").rpartition(":")
    return Server((host, int(port)), secret, github)


def main() -> None:
    """Serve until it is stopped."""
    try:
        server = server_of(os.environ)
    except (ValueError, OSError, OverflowError) as error:
        sys.exit(f"receiver: {error}")
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
