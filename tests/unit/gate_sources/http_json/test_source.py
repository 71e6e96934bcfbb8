"""The gate source http-json against a server on loopback, with what goes wrong on a wire."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lockstep.edges import bounded
from lockstep.edges.http import Limits
from lockstep.gate_sources.http_json import HttpJsonGates, HttpServer, source
from lockstep.gates.verdicts import judge_question
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Evidence, Question, Verdict
from tests.unit.json_server import Answers, Reply, Request, json_server

GATE: Json = {
    "name": "drift", "source": "http-json", "server": "reports",
    "path": "/{cluster}/{version}.json", "value": "/drift", "max": 0.1,
}  # fmt: skip
QUESTION = Question(
    gate=GATE, cluster="fraud-eu", region="eu-west-1", environment="prod",
    candidate={"identity": {"version": "2"}}, stable={"identity": {"version": "1"}},
    since="2026-03-01T08:00:00Z", now="2026-03-01T10:00:00Z",
)  # fmt: skip


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    bounded.start_run()
    monkeypatch.setattr(source, "LIMITS", Limits(0.5, 10_000))
    yield
    bounded.start_run()


def evidence(answers: Answers, **settings: Json) -> Evidence:
    question = replace(QUESTION, gate={**GATE, **settings})
    with json_server(answers) as server:
        gates = HttpJsonGates(lambda: {"reports": HttpServer(server.url)})
        return judge_question(question, gates.ask(question))


def says(content: Json) -> Answers:
    return lambda _: Reply(content)


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        ({"drift": 0.05}, Verdict.PASS),
        ({"drift": 0.2}, Verdict.FAIL),
        ({"drift": None}, Verdict.INCONCLUSIVE),
        ({"drift": "0.05"}, Verdict.INCONCLUSIVE),
        ({"other": 0.05}, Verdict.INCONCLUSIVE),
        ([], Verdict.INCONCLUSIVE),
        (0.05, Verdict.INCONCLUSIVE),
        (b'{"drift": NaN}', Verdict.ERROR),
        (b'{"drift": -Infinity}', Verdict.ERROR),
        (b'{"drift": 1e999}', Verdict.ERROR),
        (b'{"drift": 0.05, "drift": 0.2}', Verdict.ERROR),
        (b"<html>0.05</html>", Verdict.ERROR),
        (b"", Verdict.ERROR),
        (b"\xff", Verdict.ERROR),
        (b"[" * 5_000, Verdict.ERROR),
    ],
    ids=str,
)
def test_only_a_number_within_its_bounds_passes(content: Json, verdict: Verdict) -> None:
    assert evidence(says(content)).verdict is verdict


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply({"drift": 0.05}, status=500), "HTTP 500"),
        (Reply({"drift": 0.05}, status=404), "HTTP 404"),
        (Reply({"drift": 0.05}, status=302, headers={"Location": "http://x.example"}), "redirect"),
        (Reply({"drift": 0.05}, status=401), "refused the token"),
        (Reply({"drift": 0.05}, status=204), "HTTP 204"),
        (Reply({"drift": 0.05}, cut=True), "cut off"),
        (Reply({"drift": 0.05}, drip=0.2), "no answer within"),
        (Reply(b" " * 20_000 + b'{"drift": 0.05}'), "more than 10000 bytes"),
        (Reply({"drift": 0.05}, headers={"Content-Encoding": "gzip"}), "compressed"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_goes_wrong_on_the_wire_is_an_error_and_never_a_pass(
    reply: Reply, reason: str
) -> None:
    found = evidence(lambda _: reply)
    assert found.verdict is Verdict.ERROR and reason in found.reason


def test_a_server_that_is_not_there_is_an_error() -> None:
    gates = HttpJsonGates(lambda: {"reports": HttpServer("http://127.0.0.1:9")})
    assert "cannot be reached" in gates.ask(QUESTION).failure


def test_a_server_that_is_not_listed_is_not_asked() -> None:
    assert "there is no server named 'reports'" in HttpJsonGates().ask(QUESTION).failure

    def broken() -> dict[str, HttpServer]:
        raise LockstepError("it cannot be read")

    assert HttpJsonGates(broken).ask(QUESTION).failure == "it cannot be read"


def test_a_request_that_cannot_be_made_is_an_error() -> None:
    found = evidence(says({}), path="/{segment}")
    assert found.verdict is Verdict.ERROR and "the cluster has no value" in found.reason
    odd = evidence(says({}), window="long")
    assert odd.verdict is Verdict.ERROR


def both_versions(request: Request) -> Reply:
    return Reply({"drift": 0.08 if "/2.json" in request.path else 0.05})


def test_the_stable_version_is_asked_where_the_gate_compares() -> None:
    found = evidence(both_versions, maxRiseVsStable=0.02)
    assert found.verdict is Verdict.FAIL
    assert found.answer.stable and found.answer.stable.value == 0.05
    assert evidence(both_versions, maxRiseVsStable=0.04).verdict is Verdict.PASS
    assert evidence(both_versions).answer.stable is None


@pytest.mark.parametrize(
    ("content", "settings", "verdict"),
    [
        ({"t": "2026-03-01T09:30:00Z"}, {"maxAge": "1h"}, Verdict.PASS),
        ({"t": "2026-03-01T08:30:00Z"}, {"maxAge": "1h"}, Verdict.INCONCLUSIVE),
        ({"t": "2026-03-01T10:30:00Z"}, {"maxAge": "1h"}, Verdict.INCONCLUSIVE),
        ({"t": "2026-03-01T10:30:00Z"}, {}, Verdict.INCONCLUSIVE),
        ({"t": None}, {"maxAge": "1h"}, Verdict.INCONCLUSIVE),
        ({}, {"maxAge": "1h"}, Verdict.INCONCLUSIVE),
        ({"t": "2026-03-01T07:30:00Z"}, {"live": True}, Verdict.INCONCLUSIVE),
        ({"t": "2026-03-01T08:30:00Z"}, {"live": True}, Verdict.PASS),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["number", "text"])
def test_late_and_future_values_never_count(
    content: Json, settings: Json, verdict: Verdict, kind: str
) -> None:
    wanted: Json = {"max": 0.1} if kind == "number" else {"equals": 0.05}
    gate = {k: v for k, v in GATE.items() if k != "max"} | wanted | settings | {"time": "/t"}
    question = replace(QUESTION, gate=gate)
    with json_server(says({"drift": 0.05, **content})) as server:
        gates = HttpJsonGates(lambda: {"reports": HttpServer(server.url)})
        assert judge_question(question, gates.ask(question)).verdict is verdict


def test_a_fact_about_too_few_neither_passes_nor_fails() -> None:
    settings = {"equals": "ok", "value": "/state", "samples": "/n", "minSamples": 100}
    gate = {k: v for k, v in {**GATE, **settings}.items() if k != "max"}
    for state, count, verdict in (
        ("ok", 100, Verdict.PASS), ("ok", 99, Verdict.INCONCLUSIVE), ("bad", 100, Verdict.FAIL),
        ("bad", 99, Verdict.INCONCLUSIVE), ("ok", 0, Verdict.INCONCLUSIVE),
        ("ok", None, Verdict.INCONCLUSIVE),
    ):  # fmt: skip
        question = replace(QUESTION, gate=gate)
        with json_server(says({"state": state, "n": count})) as server:
            gates = HttpJsonGates(lambda: {"reports": HttpServer(server.url)})
            assert judge_question(question, gates.ask(question)).verdict is verdict


def test_the_expected_value_may_name_the_version() -> None:
    settings: Json = {"value": "/v", "equals": "v{version}"}
    gate = {k: v for k, v in {**GATE, **settings}.items() if k != "max"}
    question = replace(QUESTION, gate=gate)
    with json_server(says({"v": "v2"})) as server:
        gates = HttpJsonGates(lambda: {"reports": HttpServer(server.url)})
        assert judge_question(question, gates.ask(question)).verdict is Verdict.PASS


def test_a_body_is_posted_and_secrets_are_sent_but_not_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOCKSTEP_HTTP_KEY", "s3cret")
    gate = {**GATE, "path": "/q", "query": {"a": "1"}, "body": {"v": "{version}"}}
    question = replace(QUESTION, gate=gate)
    with json_server(says({"drift": 0.05})) as server:
        listed = HttpServer(server.url, "LOCKSTEP_HTTP_KEY", {"DD-API-KEY": "LOCKSTEP_HTTP_KEY"})
        answer = HttpJsonGates(lambda: {"reports": listed}).ask(question)
        (request,) = server.asked
    assert (request.method, request.path, request.query) == ("POST", "/q", {"a": "1"})
    assert request.body == b'{"v": "2"}'
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert request.headers["DD-API-KEY"] == "s3cret"
    assert answer.query == "reports: POST /q?a=1, value at /drift"
    assert "s3cret" not in repr(answer)


def test_an_unset_secret_is_an_error_that_names_its_variable() -> None:
    assert "LOCKSTEP_HTTP_KEY" not in os.environ
    listed = HttpServer("https://reports.example.com", "LOCKSTEP_HTTP_KEY")
    failure = HttpJsonGates(lambda: {"reports": listed}).ask(QUESTION).failure
    assert (
        failure
        == "not configured: LOCKSTEP_HTTP_KEY: this variable is not set, and a gate needs it"
    )
