"""docs/how-to/alerts.md: the relay, as a process, between an Alertmanager and a GitHub."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.doc_pages import ROOT
from tests.unit.json_server import JsonServer, Reply, Request, json_server

PAGE = ROOT / "docs/how-to/alerts.md"


@dataclass
class Relayed:
    """A running relay; ``status`` is what GitHub answers to the requests in ``server``."""

    port: int
    server: JsonServer
    status: int = 204

    def post(self, body: Any, token: str = "right") -> tuple[int, str]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def started(self) -> list[Any]:
        """The payloads of the workflows that GitHub was to start."""
        return [json.loads(each.body) for each in self.server.asked]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relayed]:
    (script,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "relay.py").write_text(script)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made: list[Relayed] = []

    def answers(request: Request) -> Reply:
        assert request.path == "/repos/example/fleet/dispatches"
        assert request.headers["Authorization"] == "Bearer of-github"
        return Reply(status=made[0].status)

    with json_server(answers) as server:
        made.append(Relayed(port, server))
        child = subprocess.Popen(
            [sys.executable, str(tmp_path / "relay.py")],
            env={**os.environ, "PORT": str(port), "FLEET": "example/fleet", "RELAY_TOKEN": "right",
                 "GH_TOKEN": "of-github", "GITHUB_API_URL": server.url},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_for(port)
            yield made[0]
        finally:
            child.terminate()
            child.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the relay does not listen")


def alert(family: str = "prod/scoring", version: str = "2", status: str = "firing") -> Any:
    """One as Alertmanager sends it."""
    labels = {"alertname": "Refusals", "lockstep_family": family, "lockstep_version": version}
    return {"status": status, "labels": labels, "annotations": {"summary": "refused"}}


def test_each_version_of_an_alert_is_rolled_back_once(relay: Relayed) -> None:
    resolved, hostile = alert(version="1", status="resolved"), alert("--help")
    body = {"alerts": [alert(), alert(), alert("prod/other"), resolved, hostile, alert(version="")]}
    assert relay.post(body) == (202, "2 started")
    assert relay.started() == [
        {"event_type": "lockstep-revert", "client_payload": {
            "family": family, "version": "2", "reason": "alert Refusals: refused"}}
        for family in ("prod/scoring", "prod/other")
    ]  # fmt: skip


def test_who_does_not_know_the_token_starts_nothing(relay: Relayed) -> None:
    assert relay.post({"alerts": [alert()]}, "wrong")[0] == 401
    assert relay.started() == []


@pytest.mark.parametrize("body", [[], {}, {"alerts": 3}, {"alerts": [{"labels": "x"}]}])
def test_another_body_is_refused(relay: Relayed, body: Any) -> None:
    assert relay.post(body)[0] == 400
    assert relay.started() == []


def test_what_github_does_not_take_is_sent_again(relay: Relayed) -> None:
    relay.status = 503
    status, said = relay.post({"alerts": [alert()]})
    assert status == 502 and "503" in said and "of-github" not in said
    relay.status = 204
    assert relay.post({"alerts": [alert()]})[0] == 202
