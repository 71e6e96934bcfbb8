"""A relay from alerts to the workflow ``revert`` of a fleet: Alertmanager or PagerDuty to GitHub.

Run it where your alerts can reach it, behind your own TLS: ``python alert_relay.py``. It needs
Python 3.11 and nothing else. Settings, from the environment:

- ``RELAY_REPOSITORY``: the fleet's repository, as ``owner/name``.
- ``RELAY_GITHUB_TOKEN``: a token that may dispatch events there (contents: write), and no more.
- ``RELAY_ALERTMANAGER_TOKEN``, ``RELAY_PAGERDUTY_SECRET``: what authenticates who calls; at least
  one of them. Each opens its own path, ``/alertmanager`` or ``/pagerduty``.
- ``RELAY_LISTEN``: where to listen, by default ``127.0.0.1:8080``; ``RELAY_GITHUB_API``: by default
  ``https://api.github.com``.
"""

import hmac
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

EVENT = "lockstep-revert"
LARGEST_BODY = 1024 * 1024
SHORTEST_SECRET = 16
SECONDS = 10.0
"""For GitHub's answer, and for one read of a request."""
MOST_SECONDS = 60.0
"""For a whole request, however slowly it comes."""
REPEATED_WITHIN = 900.0
"""Seconds in which the same version is dispatched once: alerts are sent again while they fire."""

LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
FAMILY = re.compile(rf"{LABEL}/{LABEL}")
VERSION = re.compile(r"[A-Za-z0-9@](?:[A-Za-z0-9@._-]{0,61}[A-Za-z0-9])?")
REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
# PagerDuty's webhook has the incident and not the labels of its alert: the title has to carry them.
TITLE = re.compile(r"\[lockstep (\S{1,130}) (\S{1,63})\]")


class Revert(NamedTuple):
    """One version to roll back, and why."""

    family: str
    version: str
    reason: str


class NoDispatch(Exception):
    """GitHub did not take an event."""


@dataclass
class Relay:
    """Where events go, what authenticates callers, and what was dispatched a moment ago."""

    api: str
    repository: str
    github_token: str
    alertmanager_token: str = ""
    pagerduty_secret: str = ""
    done: dict[tuple[str, str], float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forward(self, revert: Revert) -> None:
        """Dispatch an event, unless the same version was a moment ago. Raises NoDispatch."""
        key = (revert.family, revert.version)
        # One at a time: two alerts about one version must not start two runs.
        with self.lock:
            now = time.monotonic()
            self.done = {k: at for k, at in self.done.items() if now - at < REPEATED_WITHIN}
            if key not in self.done:
                self._dispatch(revert)
                self.done[key] = time.monotonic()

    def _dispatch(self, revert: Revert) -> None:
        body = {"event_type": EVENT, "client_payload": revert._asdict()}
        request = urllib.request.Request(  # noqa: S310 - relay_of has looked at the address
            f"{self.api}/repos/{self.repository}/dispatches",
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {self.github_token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "User-Agent": "lockstep-alert-relay",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            method="POST",
        )
        try:
            # Without redirects: the token is for this address and for no other.
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS) as answer:
                if answer.status != HTTPStatus.NO_CONTENT:
                    raise NoDispatch(f"GitHub answered {answer.status}")
        except urllib.error.HTTPError as error:
            raise NoDispatch(f"GitHub answered {error.code}") from None
        except OSError as error:
            raise NoDispatch(f"GitHub cannot be reached: {error}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def of_alertmanager(body: Any) -> Iterator[Revert | str]:
    """What firing alerts ask for; a text for one that is about Lockstep, and cannot be used.

    Alerts without the label ``lockstep_family`` are other people's. Resolved ones ask for nothing.
    """
    for alert in body["alerts"]:
        labels = alert["labels"]
        if alert["status"] == "firing" and "lockstep_family" in labels:
            reason = f"the alert {labels.get('alertname', 'without a name')} is firing"
            yield checked(labels["lockstep_family"], labels.get("lockstep_version"), reason)


def of_pagerduty(body: Any) -> Iterator[Revert | str]:
    """What a triggered incident asks for, by ``[lockstep FAMILY VERSION]`` in its title."""
    event = body["event"]
    if event["event_type"] == "incident.triggered":
        found = TITLE.search(event["data"]["title"])
        if found:
            reason = f"the incident {event['data']['id']} was triggered at PagerDuty"
            yield checked(found[1], found[2], reason)


def checked(family: Any, version: Any, reason: str) -> Revert | str:
    """A revert of what are names and nothing else; otherwise why it is none."""
    if not isinstance(family, str) or not FAMILY.fullmatch(family):
        return "the family is not ENVIRONMENT/FAMILY"
    # Without a version, the newest one would be rolled back, whichever that is by then.
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        return f"the version of {family} is missing, or is no version"
    printable = "".join(char for char in reason if char.isprintable())
    return Revert(family, version, printable[:200])


def signed(secret: str, body: bytes, header: str) -> bool:
    """Whether one of the signatures in X-PagerDuty-Signature is ours: a secret may be rotated."""
    ours = "v1=" + hmac.new(secret.encode(), body, sha256).hexdigest()
    given = (each.strip().encode() for each in header.split(",")[:10])
    return any(hmac.compare_digest(ours.encode(), each) for each in given)


class Handler(BaseHTTPRequestHandler):
    """Answers 200 once GitHub has taken everything, and 502 otherwise, so that it is sent again."""

    relay: Relay
    timeout = SECONDS

    def handle(self) -> None:
        """Answer what comes on a connection, which ends after MOST_SECONDS."""
        end = threading.Timer(MOST_SECONDS, self.connection.shutdown, [socket.SHUT_RDWR])
        end.daemon = True
        end.start()
        try:
            super().handle()
        finally:
            end.cancel()

    def do_POST(self) -> None:
        """Read what an alert asks for, and dispatch it."""
        body = self._body()
        if body is None:
            return
        readers = {"/alertmanager": of_alertmanager, "/pagerduty": of_pagerduty}
        reader = readers.get(self.path)
        if reader is None:
            return self._answer(HTTPStatus.NOT_FOUND, "no such path")
        if not self._is_authentic(body):
            return self._answer(HTTPStatus.UNAUTHORIZED, "who calls is not known")
        try:
            wanted = list(reader(json.loads(body)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return self._answer(HTTPStatus.BAD_REQUEST, "the body is not what this path takes")
        self._forward(wanted)

    def _forward(self, wanted: list[Revert | str]) -> None:
        problems = [each for each in wanted if isinstance(each, str)]
        reverts = [each for each in wanted if isinstance(each, Revert)]
        try:
            for revert in reverts:
                self.relay.forward(revert)
        except NoDispatch as error:
            return self._answer(HTTPStatus.BAD_GATEWAY, str(error))
        if problems:  # it would be the same if it were sent again
            return self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(problems)[:500])
        self._answer(HTTPStatus.OK, f"{len(reverts)} dispatched")

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

    def _is_authentic(self, body: bytes) -> bool:
        """Whether the caller of this path knows its secret; never where none is set."""
        if self.path == "/pagerduty":
            secret, header = self.relay.pagerduty_secret, "X-PagerDuty-Signature"
            return bool(secret) and signed(secret, body, self.headers.get(header, ""))
        token = self.relay.alertmanager_token
        given = self.headers.get("Authorization", "").encode(errors="replace")
        return bool(token) and hmac.compare_digest(given, f"Bearer {token}".encode())

    def _answer(self, status: HTTPStatus, text: str) -> None:
        said = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(said)))
        # What is left of a body that was not read must not be taken for a request.
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        self.wfile.write(said)


def relay_of(environ: Mapping[str, str]) -> Relay:
    """The relay that the environment describes. Raises ValueError with what is missing."""
    relay = Relay(
        environ.get("RELAY_GITHUB_API", "https://api.github.com").rstrip("/"),
        environ.get("RELAY_REPOSITORY", ""),
        environ.get("RELAY_GITHUB_TOKEN", ""),
        environ.get("RELAY_ALERTMANAGER_TOKEN", ""),
        environ.get("RELAY_PAGERDUTY_SECRET", ""),
    )
    if not relay.api.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("RELAY_GITHUB_API is not an https address")
    if not REPOSITORY.fullmatch(relay.repository):
        raise ValueError("RELAY_REPOSITORY is not owner/name")
    if not relay.github_token:
        raise ValueError("RELAY_GITHUB_TOKEN is not set")
    secrets = [each for each in (relay.alertmanager_token, relay.pagerduty_secret) if each]
    if not secrets or any(len(each) < SHORTEST_SECRET for each in secrets):
        raise ValueError(
            "set RELAY_ALERTMANAGER_TOKEN or RELAY_PAGERDUTY_SECRET, each of "
            f"{SHORTEST_SECRET} characters or more"
        )
    return relay


def main() -> None:
    """Serve until it is stopped."""
    try:
        Handler.relay = relay_of(os.environ)
        host, _, port = os.environ.get("RELAY_LISTEN", "127.0.0.1:8080").rpartition(":")
        server = ThreadingHTTPServer((host, int(port)), Handler)
    except (ValueError, OSError) as error:
        sys.exit(f"alert_relay: {error}")
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
