"""The relay of docs/how-to/alert-relay.md as it is run: real HTTP to it, and from it to GitHub."""

import hmac
import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.json_server import JsonServer, Reply, Request, json_server

RELAY = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "alert_relay.py"
TOKEN, SECRET, GITHUB = "a-token-of-alertmanager", "a-secret-of-pagerduty", "a-token-of-github"
DISPATCHES = "/repos/ml/fleet/dispatches"
LABELS = {
    "alertname": "FraudFalsePositives",
    "lockstep_family": "prod/fraud",
    "lockstep_version": "42",
}


class Relay:
    """A relay that runs, and the GitHub that it talks to; ``answers`` are its next statuses."""

    def __init__(self, url: str, github: JsonServer, answers: list[int]) -> None:
        self.url, self.github, self.answers = url, github, answers

    def post(self, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def alert(self, *alerts: dict[str, Any], token: str = TOKEN) -> tuple[int, str]:
        body = {"version": "4", "status": "firing", "alerts": list(alerts)}
        return self.post("/alertmanager", body, {"Authorization": f"Bearer {token}"})

    def incident(self, title: str, signature: str = "", kind: str = "incident.triggered") -> int:
        data = {"id": "Q1", "type": "incident", "title": title}
        body = json.dumps({"event": {"id": "1", "event_type": kind, "data": data}}).encode()
        ours = "v1=" + hmac.new(SECRET.encode(), body, sha256).hexdigest()
        header = {"X-PagerDuty-Signature": signature.replace("OURS", ours) or ours}
        return self.post("/pagerduty", body, header)[0]

    @property
    def payloads(self) -> list[Any]:
        return [json.loads(each.body)["client_payload"] for each in self.github.asked]


def firing(**labels: str) -> dict[str, Any]:
    return {"status": "firing", "labels": {**LABELS, **labels}, "annotations": {}}


def environment(github: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "RELAY_LISTEN": "127.0.0.1:0", "RELAY_REPOSITORY": "ml/fleet",
        "RELAY_GITHUB_API": github, "RELAY_GITHUB_TOKEN": GITHUB,
        "RELAY_ALERTMANAGER_TOKEN": TOKEN, "RELAY_PAGERDUTY_SECRET": SECRET, **more,
    }  # fmt: skip


@contextmanager
def running(github: str, **more: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, str(RELAY)], env=environment(github, **more), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout
    try:
        line = process.stdout.readline()
        port = re.fullmatch(r"listening on port (\d+)\n", line)
        assert port, line
        yield f"http://127.0.0.1:{port[1]}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def relay() -> Iterator[Relay]:
    answers: list[int] = []

    def answer(_: Request) -> Reply:
        return Reply(status=answers.pop(0) if answers else 204)

    with json_server(answer) as github, running(github.url) as url:
        yield Relay(url, github, answers)


def test_a_firing_alert_becomes_a_dispatch(relay: Relay) -> None:
    assert relay.alert(firing()) == (200, "1 dispatched\n")
    (asked,) = relay.github.asked
    assert (asked.method, asked.path) == ("POST", DISPATCHES)
    assert asked.headers["Authorization"] == f"Bearer {GITHUB}"
    assert json.loads(asked.body) == {
        "event_type": "lockstep-revert",
        "client_payload": {
            "family": "prod/fraud", "version": "42",
            "reason": "the alert FraudFalsePositives is firing",
        },
    }  # fmt: skip


def test_an_alert_that_is_sent_again_is_dispatched_once(relay: Relay) -> None:
    for _ in range(2):
        assert relay.alert(firing(), firing(alertname="Another"))[0] == 200
    assert len(relay.github.asked) == 1
    assert relay.alert(firing(lockstep_version="43"))[0] == 200
    assert [each["version"] for each in relay.payloads] == ["42", "43"]


def test_what_github_did_not_take_is_sent_again(relay: Relay) -> None:
    relay.answers += [503, 401, 200, 302]
    for status in (503, 401, 200, 302):  # 204 is the one answer that says it was taken
        assert relay.alert(firing()) == (502, f"GitHub answered {status}\n")
    assert relay.alert(firing())[0] == 200
    assert len(relay.github.asked) == 5


def test_resolved_alerts_and_those_of_others_ask_for_nothing(relay: Relay) -> None:
    other = {"status": "firing", "labels": {"alertname": "DiskFull"}}
    assert relay.alert({**firing(), "status": "resolved"}, other) == (200, "0 dispatched\n")
    assert relay.github.asked == []


@pytest.mark.parametrize(
    "labels",
    [
        {"lockstep_family": "fraud"}, {"lockstep_family": "prod/fraud --help"},
        {"lockstep_family": "../fraud"}, {"lockstep_version": ""}, {"lockstep_version": "$(id)"},
        {"lockstep_version": "-1"}, {"lockstep_version": "4 2"}, {"lockstep_version": "42\n"},
    ],
)  # fmt: skip
def test_labels_that_are_no_names_are_refused_and_stop_no_other_alert(
    relay: Relay, labels: dict[str, str]
) -> None:
    assert relay.alert(firing(**labels))[0] == 422
    assert relay.github.asked == []
    assert relay.alert(firing(**labels), firing())[0] == 422
    assert [each["version"] for each in relay.payloads] == ["42"]


def test_only_who_knows_the_token_is_heard(relay: Relay) -> None:
    for token in ("", "another-token-of-the-same", TOKEN + "x", "é"):
        assert relay.alert(firing(), token=token)[0] == 401
    assert relay.post("/alertmanager", {"alerts": [firing()]}, {})[0] == 401
    assert relay.github.asked == []


def test_an_incident_at_pagerduty_becomes_a_dispatch(relay: Relay) -> None:
    assert relay.incident("false positives rose [lockstep prod/fraud 42]") == 200
    assert relay.payloads == [
        {
            "family": "prod/fraud", "version": "42",
            "reason": "the incident Q1 was triggered at PagerDuty",
        }
    ]  # fmt: skip
    assert relay.incident("[lockstep prod/fraud 43]", kind="incident.resolved") == 200
    assert relay.incident("the disk is full") == 200
    assert len(relay.github.asked) == 1


def test_one_of_several_signatures_is_enough_and_none_is_not(relay: Relay) -> None:
    title = "[lockstep prod/fraud 42]"
    assert relay.incident(title, f"v1={'0' * 64}") == 401
    assert relay.incident(title, "v0=OURS") == 401
    assert relay.incident(title, f"v1={'0' * 64}, OURS") == 200
    # The token of Alertmanager opens its own path only.
    assert relay.post("/pagerduty", {}, {"Authorization": f"Bearer {TOKEN}"})[0] == 401


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"alerts": 1}', b'{"alerts": [1]}', b"[" * 100_000]
)
def test_a_body_that_is_none_is_an_answer_and_no_crash(relay: Relay, body: bytes) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}
    assert relay.post("/alertmanager", body, known)[0] == 400
    assert relay.alert(firing())[0] == 200


def test_a_body_that_is_too_large_is_not_read(relay: Relay) -> None:
    host, _, port = relay.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(
            b"POST /alertmanager HTTP/1.1\r\nHost: relay\r\nContent-Length: 99999999\r\n\r\n"
        )
        assert client.recv(100).startswith(b"HTTP/1.0 413")
    assert relay.post("/elsewhere", {}, {})[0] == 404


def test_a_path_without_a_secret_is_closed(relay: Relay) -> None:
    with running(relay.github.url, RELAY_PAGERDUTY_SECRET="") as url:
        other = Relay(url, relay.github, [])
        assert other.incident("[lockstep prod/fraud 42]") == 401
        assert other.post("/pagerduty", b"{}", {"X-PagerDuty-Signature": "v1="})[0] == 401
        assert other.alert(firing())[0] == 200


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"RELAY_REPOSITORY": "fleet"}, "RELAY_REPOSITORY is not owner/name"),
        ({"RELAY_GITHUB_TOKEN": ""}, "RELAY_GITHUB_TOKEN is not set"),
        ({"RELAY_GITHUB_API": "http://github.example.com"}, "is not an https address"),
        ({"RELAY_ALERTMANAGER_TOKEN": "", "RELAY_PAGERDUTY_SECRET": ""}, "set RELAY_ALERTMANAGER"),
        ({"RELAY_ALERTMANAGER_TOKEN": "short"}, "16 characters or more"),
        ({"RELAY_LISTEN": "127.0.0.1:x"}, "alert_relay:"),
    ],
)
def test_it_does_not_start_on_settings_that_cannot_work(more: dict[str, str], says: str) -> None:
    done = subprocess.run(
        [sys.executable, str(RELAY)], env=environment("https://api.github.com", **more),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
    assert GITHUB not in done.stderr


def test_the_workflow_listens_for_the_event_that_is_sent() -> None:
    workflow = yaml.safe_load((RELAY.parents[2] / ".github/workflows/revert.yml").read_text())
    (kind,) = workflow[True]["repository_dispatch"]["types"]  # YAML 1.1 reads "on" as a truth
    assert f'EVENT = "{kind}"' in RELAY.read_text()
