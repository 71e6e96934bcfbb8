"""The receiver of docs/how-to/mlflow-webhooks.md: real HTTP to it, also from MLflow itself."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml
from mlflow.webhooks.delivery import _generate_hmac_signature as signature_of_mlflow
from mlflow.webhooks.types import EVENT_TO_PAYLOAD_CLASS

from lockstep.edges import clock
from lockstep.registry.mlflow.client import load_mlflow
from tests.unit.json_server import JsonServer, Reply, Request, json_server
from tests.unit.mlflow_store import create_store, forget_default_store, http_server

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "examples" / "pipelines" / "mlflow-webhook" / "receiver.py"
API = ROOT / "tools/github-api/node_modules/@octokit/openapi/generated/api.github.com.json"
SECRET, TOKEN = "a-secret-of-the-webhook", "a-token-of-github"
DISPATCHES = "/repos/ml/fleet/actions/workflows/propose.yml/dispatches"
TAGGED = {"name": "fraud", "version": "42", "key": "validated", "value": "true"}


def event(kind: str = "model_version_tag.set", **data: Any) -> dict[str, Any]:
    entity, action = kind.split(".")
    return {
        "entity": entity, "action": action, "timestamp": "2026-01-31T08:00:00.000000+00:00",
        "data": {**TAGGED, **data},
    }  # fmt: skip


class Receiver:
    """A receiver that runs, and the GitHub that it talks to; ``answers`` are its next ones."""

    def __init__(self, module: Any, url: str, github: JsonServer, answers: list[Reply]):
        self.module, self.url, self.github, self.answers = module, url, github, answers
        self.deliveries = 0

    def post(self, body: bytes, headers: dict[str, str], path: str = "/mlflow") -> tuple[int, str]:
        request = urllib.request.Request(self.url + path, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode().strip()

    def signed(
        self, body: bytes, delivery: str = "", timestamp: str = "", secret: str = SECRET
    ) -> dict[str, str]:
        """The headers that MLflow makes for a body."""
        self.deliveries += 1
        delivery = delivery or f"5b0e2b9e-{self.deliveries}"
        timestamp = timestamp or str(int(clock.now().timestamp()))
        return {
            "X-MLflow-Delivery-Id": delivery, "X-MLflow-Timestamp": timestamp,
            "X-MLflow-Signature": signature_of_mlflow(secret, delivery, timestamp, body.decode()),
        }  # fmt: skip

    def send(self, sent: Any, **how: str) -> tuple[int, str]:
        body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        return self.post(body, self.signed(body, **how))

    @property
    def started(self) -> list[tuple[str, str]]:
        inputs = [json.loads(each.body)["inputs"] for each in self.github.asked]
        return [(each["family"], each["version"]) for each in inputs]


def settings(github: str, **more: str) -> dict[str, str]:
    return {
        "RECEIVER_LISTEN": "127.0.0.1:0", "RECEIVER_GITHUB_API": github,
        "RECEIVER_WEBHOOK_SECRET": SECRET, "RECEIVER_GITHUB_TOKEN": TOKEN, **more,
    }  # fmt: skip


@pytest.fixture
def module() -> Any:
    spec = importlib.util.spec_from_file_location("receiver_of_webhooks", FILE)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@contextmanager
def running(
    module: Any, github: JsonServer, answers: list[Reply], **more: str
) -> Iterator[Receiver]:
    server = module.server_of(settings(github.url, **more))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Receiver(module, f"http://127.0.0.1:{server.server_port}", github, answers)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver(module: Any) -> Iterator[Receiver]:
    answers: list[Reply] = []

    def answer(_: Request) -> Reply:
        return answers.pop(0) if answers else Reply(status=204)

    with json_server(answer) as github, running(module, github, answers) as made:
        yield made


def test_a_tag_that_is_set_starts_the_workflow(receiver: Receiver) -> None:
    assert receiver.send(event()) == (200, "started propose for prod/fraud-detection 42")
    (asked,) = receiver.github.asked
    assert (asked.method, asked.path) == ("POST", DISPATCHES)
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(asked.body) == {
        "ref": "main",
        "inputs": {
            "family": "prod/fraud-detection", "version": "42",
            "reason": "MLflow: the tag validated was set to true",
        },
    }  # fmt: skip


def test_an_alias_starts_it_too_and_a_creation_where_the_file_says_so(receiver: Receiver) -> None:
    assert receiver.send(event("model_version_alias.created", alias="candidate"))[0] == 200
    assert receiver.send(event("model_version.created")) == (
        200, "ignored: this event starts nothing",
    )  # fmt: skip
    receiver.module.CREATION = True
    assert receiver.send(event("model_version.created", version="43"))[0] == 200
    assert [version for _, version in receiver.started] == ["42", "43"]


@pytest.mark.parametrize(
    "other",
    [
        event(key="stage"), event(value="false"), event("model_version_tag.deleted"),
        event("model_version_alias.created", alias="champion"), event("prompt_version_tag.set"),
        event("model_version_alias.deleted", alias="candidate"),
        event(name="churn"), event(name="fraud "), {**event(), "workspace": "another"},
    ],
    ids=lambda each: f"{each['entity']}.{each['action']}",
)  # fmt: skip
def test_other_events_and_other_models_ask_for_nothing(receiver: Receiver, other: Any) -> None:
    status, said = receiver.send(other)
    assert status == 200 and said.startswith("ignored: ")
    assert receiver.github.asked == []


def test_every_event_that_mlflow_knows_has_an_answer(receiver: Receiver) -> None:
    for (entity, action), payload in EVENT_TO_PAYLOAD_CLASS.items():
        sent = {"entity": str(entity), "action": str(action), "data": payload.example()}
        assert receiver.send(sent)[0] == 200, sent
    assert receiver.github.asked == []


@pytest.mark.parametrize(
    "data",
    [
        {"version": ""}, {"version": "-1"}, {"version": "42\n"}, {"version": "$(id)"},
        {"version": "--help"}, {"version": 42}, {"version": None}, {"version": "4" * 11},
        {"version": "\uff10"}, {"name": ["fraud"]}, {"name": None},
    ],
)  # fmt: skip
def test_what_is_no_version_is_never_passed_on(receiver: Receiver, data: Any) -> None:
    status, said = receiver.send(event(**data))
    assert status == 422 or (status == 200 and said == "ignored: this model has no family")
    assert receiver.github.asked == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b"null", b'{"entity": 1, "action": 2}', b"[" * 100_000, b"1" * 9999,
     b'{"entity": "model_version_tag", "action": "set", "data": []}'],
    ids=range(9),
)  # fmt: skip
def test_a_body_that_is_none_is_an_answer_and_no_crash(receiver: Receiver, body: bytes) -> None:
    assert receiver.send(body) == (422, "not an event of MLflow")
    assert receiver.send(event())[0] == 200


def test_only_what_mlflow_signed_is_heard(receiver: Receiver) -> None:
    body = json.dumps(event()).encode()
    good = receiver.signed(body)
    key = "X-MLflow-Signature"
    assert receiver.send(event(), secret=SECRET + "x")[0] == 401
    assert receiver.post(body.replace(b"42", b"43"), good)[0] == 401
    assert receiver.post(body, {**good, "X-MLflow-Delivery-Id": "another"})[0] == 401
    for wrong in ("", "v1,", good[key][3:], good[key].replace("v1,", "v2,"), good[key] + ",v1,x"):
        assert receiver.post(body, {**good, key: wrong})[0] == 401, wrong
    for missing in good:
        assert receiver.post(body, {k: v for k, v in good.items() if k != missing})[0] == 401
    assert receiver.github.asked == []
    assert receiver.post(body, good)[0] == 200


def test_what_is_signed_cannot_be_divided_otherwise(receiver: Receiver) -> None:
    body = json.dumps(event()).encode()
    now = str(int(clock.now().timestamp()))
    # All of it is signed as "one.NOW.NOW." and the body; only one way to divide it is MLflow's.
    signed = receiver.signed(f"{now}.".encode() + body, "one", now)
    assert receiver.post(body, {**signed, "X-MLflow-Delivery-Id": f"one.{now}"})[0] == 401
    assert receiver.github.asked == []


@pytest.mark.parametrize("off", [-3600, -301, 301, 3600])
def test_an_old_delivery_and_one_of_the_future_are_refused(receiver: Receiver, off: int) -> None:
    # The clock goes on while this is sent: one that is due in 301 seconds needs some more.
    at = int(clock.now().timestamp()) + off + (60 if off > 0 else 0)
    assert receiver.send(event(), timestamp=str(at))[0] == 401
    for no_time in ("", "now", "1e9", "-1", "9" * 13, "²"):
        headers = receiver.signed(b"{}") | {"X-MLflow-Timestamp": no_time}
        headers = {k: v.encode().decode("latin-1") for k, v in headers.items()}
        assert receiver.post(b"{}", headers)[0] == 401
    assert receiver.github.asked == []


def test_a_delivery_is_taken_once(receiver: Receiver) -> None:
    body = json.dumps(event()).encode()
    headers = receiver.signed(body)
    assert receiver.post(body, headers)[0] == 200
    assert receiver.post(body, headers) == (200, "ignored: this delivery was taken before")
    assert receiver.started == [("prod/fraud-detection", "42")]
    # Another delivery about the same version may say that it is corrected now.
    assert receiver.send(event())[0] == 200
    assert len(receiver.started) == 2


def test_a_delivery_is_remembered_for_as_long_as_it_can_be_sent_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = receiver.module.Deliveries()
    now = [1000.0]
    monkeypatch.setattr(receiver.module.time, "monotonic", lambda: now[0])
    assert deliveries.take("one") and not deliveries.take("one")
    now[0] += 2 * receiver.module.TOLERANCE - 1
    assert not deliveries.take("one")
    now[0] += 1
    assert deliveries.take("one")


def test_beyond_what_can_be_remembered_nothing_is_taken(receiver: Receiver) -> None:
    receiver.module.MOST_DELIVERIES = 2
    assert [receiver.send(event())[0] for _ in range(3)] == [200, 200, 503]
    assert len(receiver.started) == 2


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 422, 500, 503])
def test_what_github_did_not_take_may_be_sent_again(receiver: Receiver, status: int) -> None:
    receiver.answers.append(
        Reply({"message": TOKEN}, status, {"Location": "http://127.0.0.1:1/elsewhere"})
    )
    body = json.dumps(event()).encode()
    headers = receiver.signed(body)
    assert receiver.post(body, headers) == (502, f"GitHub answered {status}")
    assert receiver.post(body, headers)[0] == 200
    assert len(receiver.github.asked) == 2


def test_a_github_that_says_nothing_is_not_waited_for(module: Any) -> None:
    module.SECONDS, module.MOST_SECONDS = 0.2, 0.5
    with socket.create_server(("127.0.0.1", 0)) as silent:
        github = type("", (), {"url": f"http://127.0.0.1:{silent.getsockname()[1]}"})()
        with running(module, github, []) as receiver:
            status, said = receiver.send(event())
            assert status == 502 and said.startswith("GitHub gives no answer: ")
        silent.close()
        with running(module, github, []) as receiver:
            assert receiver.send(event()) == (502, "GitHub gives no answer: ConnectionRefusedError")


def test_a_github_that_answers_without_end_is_cut_off(module: Any) -> None:
    module.MOST_SECONDS = 0.5

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        try:
            while connection.send(b"H"):
                time.sleep(0.05)
        except OSError:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as slow:
        thread = threading.Thread(target=drip, args=(slow,))
        thread.start()
        github = type("", (), {"url": f"http://127.0.0.1:{slow.getsockname()[1]}"})()
        with running(module, github, []) as receiver:
            assert receiver.send(event())[0] == 502
        thread.join(30)
        assert not thread.is_alive()


def raw(receiver: Receiver, *parts: bytes, pause: float = 0.0) -> bytes:
    """What is answered to bytes that are sent slowly; empty where the receiver hangs up."""
    host, _, port = receiver.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        try:
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
            return client.recv(1000)
        except ConnectionError:
            return b""


def test_a_body_that_is_too_large_or_has_no_length_is_not_read(receiver: Receiver) -> None:
    head = b"POST /mlflow HTTP/1.1\r\nHost: receiver\r\n"
    assert b" 413 " in raw(receiver, head + b"Content-Length: 999999\r\n\r\n")
    assert b" 411 " in raw(receiver, head + b"Transfer-Encoding: chunked\r\n\r\n")
    assert b" 411 " in raw(receiver, head + b"Content-Length: -1\r\n\r\n")
    assert b" 414 " in raw(receiver, b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n")
    assert receiver.send(event())[0] == 200


def test_a_slow_sender_is_cut_off_and_holds_nobody_up(module: Any) -> None:
    module.Handler.timeout, module.MOST_SECONDS = 0.3, 0.3
    head = b"POST /mlflow HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"
    with (
        json_server(lambda _: Reply(status=204)) as github,
        running(module, github, []) as receiver,
    ):
        assert raw(receiver, head) == b""
        # Each byte comes in time, and all of them would take minutes.
        assert raw(receiver, head, *[b"x"] * 999, pause=0.1) == b""
        assert receiver.send(event())[0] == 200


def test_more_callers_than_it_serves_are_hung_up_on(module: Any) -> None:
    module.MOST_CALLERS = 1
    with (
        json_server(lambda _: Reply(status=204)) as github,
        running(module, github, []) as receiver,
    ):
        host, _, port = receiver.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=60) as first:
            first.sendall(b"POST /mlflow HTTP/1.1\r\n")
            assert raw(receiver) == b""
        # It serves the next one once it has seen that the first has gone.
        assert any(answered(receiver) == 200 for _ in range(600))


def answered(receiver: Receiver) -> int:
    """The status of an answer to a delivery; 0, after a moment, where it hangs up."""
    try:
        return receiver.send(event())[0]
    except OSError:
        time.sleep(0.05)
        return 0


def test_another_path_and_another_method_are_none(receiver: Receiver) -> None:
    body = json.dumps(event()).encode()
    assert receiver.post(body, receiver.signed(body), "/")[0] == 404
    assert b" 501 " in raw(receiver, b"GET /mlflow HTTP/1.1\r\n\r\n")
    assert receiver.github.asked == []


def test_secrets_in_files_are_read_each_time(module: Any, tmp_path: Path) -> None:
    secret, token = tmp_path / "secret", tmp_path / "token"
    secret.write_text(SECRET + "\n")
    token.write_text("one\n")
    files = {
        "RECEIVER_WEBHOOK_SECRET": "", "RECEIVER_WEBHOOK_SECRET_FILE": str(secret),
        "RECEIVER_GITHUB_TOKEN": "", "RECEIVER_GITHUB_TOKEN_FILE": str(token),
    }  # fmt: skip
    with (
        json_server(lambda _: Reply(status=204)) as github,
        running(module, github, [], **files) as receiver,
    ):
        assert receiver.send(event())[0] == 200
        token.write_text("two\n")
        secret.write_text("another secret of the webhook")
        assert receiver.send(event())[0] == 401
        assert receiver.send(event(), secret="another secret of the webhook")[0] == 200
        token.unlink()
        status, said = receiver.send(event(), secret="another secret of the webhook")
        assert (status, said) == (502, "RECEIVER_GITHUB_TOKEN_FILE cannot be read")
        secret.unlink()
        assert receiver.send(event())[0] == 401
    assert [each.headers["Authorization"] for each in github.asked] == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"RECEIVER_GITHUB_API": "http://github.example.com"}, "is not an https address"),
        ({"RECEIVER_GITHUB_API": "https://"}, "is not an https address"),
        ({"RECEIVER_GITHUB_TOKEN": ""}, "RECEIVER_GITHUB_TOKEN is missing"),
        ({"RECEIVER_GITHUB_TOKEN": "a\nb"}, "RECEIVER_GITHUB_TOKEN is missing, "),
        ({"RECEIVER_GITHUB_TOKEN_FILE": "/no/file"}, "RECEIVER_GITHUB_TOKEN_FILE cannot be read"),
        ({"RECEIVER_WEBHOOK_SECRET": "short"}, "shorter than 16"),
        ({"RECEIVER_LISTEN": "127.0.0.1:x"}, "receiver: "),
    ],
)
def test_it_does_not_start_on_settings_that_cannot_work(more: dict[str, str], says: str) -> None:
    done = subprocess.run(
        [sys.executable, str(FILE)], env=settings("https://api.github.com", **more),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
    assert TOKEN not in done.stderr and SECRET not in done.stderr


def test_it_runs_as_the_page_says_and_logs_no_secret() -> None:
    with json_server(lambda _: Reply(status=204)) as github:
        process = subprocess.Popen(
            [sys.executable, str(FILE)], env={"PATH": os.environ["PATH"], **settings(github.url)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout
        try:
            line = process.stdout.readline()
            port = re.fullmatch(r"listening on port (\d+)\n", line)
            assert port, line
            receiver = Receiver(ModuleType("-"), f"http://127.0.0.1:{port[1]}", github, [])
            assert receiver.send(event())[0] == 200
            assert receiver.send(event(), secret="no")[0] == 401
        finally:
            process.terminate()
            _, log = process.communicate(timeout=30)
    assert "200 started propose for prod/fraud-detection 42" in log and " 401 " in log
    assert TOKEN not in log and SECRET not in log


def test_the_workflow_takes_the_inputs_that_are_sent(receiver: Receiver) -> None:
    receiver.send(event())
    (asked,) = receiver.github.asked
    workflow = yaml.safe_load((ROOT / ".github/workflows/propose.yml").read_text())
    inputs = workflow[True]["workflow_dispatch"]["inputs"]  # YAML 1.1 reads "on" as a truth
    assert set(json.loads(asked.body)["inputs"]) == set(inputs)


@pytest.mark.skipif(not API.is_file(), reason="no GitHub OpenAPI: make test brings it")
def test_the_dispatch_is_as_github_documents_it(receiver: Receiver) -> None:
    receiver.send(event())
    (asked,) = receiver.github.asked
    path = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches"
    documented = json.loads(API.read_bytes())["paths"][path]["post"]
    schema = documented["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(json.loads(asked.body), {**schema, "additionalProperties": False})
    assert "204" in documented["responses"]


def test_mlflow_itself_starts_the_workflow(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answers.append(Reply(status=503))  # after which MLflow sends the delivery again
    may_send_here = {
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    }  # fmt: skip
    store = create_store(tmp_path / "store")
    try:
        with http_server(store, tmp_path, may_send_here) as address:
            client = load_mlflow().MlflowClient(tracking_uri=address, registry_uri=address)
            webhook = client.create_webhook(
                "propose", f"{receiver.url}/mlflow", secret=SECRET,
                events=["model_version_tag.set", "model_version_alias.created"],
            )  # fmt: skip
            tried = client.test_webhook(webhook.webhook_id)
            assert tried.success, tried.error_message
            assert "ignored: this event starts nothing" in tried.response_body
            for name in ("fraud", "churn"):
                client.create_registered_model(name)
                client.create_model_version(name, "s3://models/one")
                client.set_model_version_tag(name, "1", "model_card.digest", "sha256:" + "5" * 64)
                client.set_model_version_tag(name, "1", "validated", "true")
            _wait_for(receiver, 2)
            client.set_registered_model_alias("fraud", "candidate", "1")
            _wait_for(receiver, 3)
    finally:
        forget_default_store()
    assert receiver.started == [("prod/fraud-detection", "1")] * 3


def _wait_for(receiver: Receiver, requests: int) -> None:
    for _ in range(1200):  # MLflow sends them when it likes
        if len(receiver.github.asked) >= requests:
            return
        time.sleep(0.1)
    raise AssertionError(f"{len(receiver.github.asked)} of {requests} requests came")
