"""The gate source argocd against a server on loopback, with what goes wrong on a wire."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from lockstep.argocd.client import ArgocdApi
from lockstep.edges import bounded
from lockstep.edges.http import Limits
from lockstep.gate_sources.argocd import ArgocdContext, ArgocdGates, FolderFacts
from lockstep.gates.verdicts import judge_question
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Evidence, Question, Verdict
from tests.unit.gate_sources.argocd.answers import (
    FACTS,
    NAME,
    OLD,
    PROJECT,
    QUESTION,
    STEP,
    SYNCED_AT,
    WANTED,
    application,
    at,
    entry,
    operation,
)
from tests.unit.json_server import Answers, JsonServer, Reply, Request, json_server

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.abc-_123"
PATIENT, HASTY = Limits(20.0, 100_000), Limits(0.5, 100_000)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ARGOCD_AUTH_TOKEN", TOKEN)
    bounded.start_run()
    yield
    bounded.start_run()


def gates(url: str, facts: Any = None, limits: Limits = PATIENT) -> ArgocdGates:
    context = ArgocdContext(
        server=lambda _: url,
        wanted=lambda _: WANTED,
        facts=facts or (lambda _, __: FACTS),
        open_api=lambda server, environment: ArgocdApi(
            server, environment, asking=limits, refreshing=limits
        ),
    )
    return ArgocdGates(context)


def evidence(answers: Answers, question: Question = QUESTION, limits: Limits = PATIENT) -> Evidence:
    with json_server(answers) as server:
        return judge_question(question, gates(server.url, limits=limits).ask(question))


def says(content: Json) -> Answers:
    return lambda _: Reply(content)


def test_a_live_step_passes_and_says_since_when() -> None:
    with json_server(says(application())) as server:
        answer = gates(server.url).ask(QUESTION)
        found = judge_question(QUESTION, answer)
        assert found.verdict is Verdict.PASS
        assert answer.live and answer.live.since == SYNCED_AT
        assert answer.query == f"Application argocd/{NAME} of {server.url}"
        first, second = server.asked
    assert (first.method, first.path) == ("GET", f"/api/v1/applications/{NAME}")
    assert first.query == {"appNamespace": "argocd", "project": PROJECT}
    # Its word counts once the controller has compared git again.
    assert second.query == {**first.query, "refresh": "normal"}
    assert first.headers["Authorization"] == f"Bearer {TOKEN}"


def test_git_is_asked_for_all_revisions_that_the_answer_names() -> None:
    asked: list[set[str]] = []

    def facts(_: Question, revisions: Iterable[str]) -> FolderFacts:
        asked.append(set(revisions))
        return FACTS

    status = {
        "history": [entry(number, f"{number:040}") for number in range(200)],
        "operationState": operation(OLD),
        "sync": at(STEP),
    }
    with json_server(says(application(**status))) as server:
        gates(server.url, facts).ask(QUESTION)
    assert asked == [{OLD, STEP, *(f"{number:040}" for number in range(150, 200))}]


def test_a_candidate_that_is_degraded_fails() -> None:
    answer = application(health={"status": "Degraded"})
    answer["status"]["resources"][1]["health"] = {"status": "Degraded", "message": "crash loop"}
    found = evidence(says(answer))
    assert found.verdict is Verdict.FAIL and "is Degraded (crash loop)" in found.reason


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply({"error": "no session information", "code": 16}, status=401), "refused the token"),
        (Reply({"error": "permission denied", "code": 7}, status=403), "permission denied"),
        (Reply({"error": f'applications.argoproj.io "{NAME}" not found'}, status=404), "not found"),
        (Reply({"error": "internal", "code": 13}, status=500), "HTTP 500"),
        (Reply(b"<html>sign in</html>", status=200), "it is not valid JSON"),
        (Reply(b"<html>bad gateway</html>", status=502), "HTTP 502"),
        (Reply({}, status=307, headers={"Location": "https://sso.example.com"}), "a redirect"),
        (Reply({}, status=204), "HTTP 204"),
        (Reply(b""), "it is not valid JSON"),
        (Reply(b"[" * 5_000), "nested too deeply"),
        (Reply(application(), cut=True), "cut off"),
        (Reply(application(), drip=0.2), "no answer within 0.5 seconds"),
        (Reply(b" " * 200_000), "more than 100000 bytes"),
        (Reply(application(), headers={"Content-Encoding": "gzip"}), "compressed"),
        (Reply([]), "Expected `object`"),
        (Reply({"spec": {}}), "`metadata`"),
        (Reply({"metadata": {"name": 1}, "spec": {}}), "$.metadata.name"),
        (Reply(application(sync={"status": "Synced", "revision": 7})), "$.status.sync.revision"),
        (Reply(application(health="Healthy")), "$.status.health"),
        (Reply(application(reconciledAt="yesterday")), "$.status.reconciledAt"),
        (Reply(application(reconciledAt="2026-03-01T08:00:00")), "$.status.reconciledAt"),
        (Reply(application(history=[{"id": 1}])), "$.status.history[0]"),
        (Reply(application(history=[entry(1, STEP, "9999-12-31T23:59:59-12:00")])),
         "outside of the years 1 to 9999"),
        (Reply(application(reconciledAt="0001-01-01T00:00:00+12:00")), "outside of the years"),
        (Reply(application(resources={"a": 1})), "$.status.resources"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_what_goes_wrong_on_the_wire_is_an_error_and_never_a_pass(
    reply: Reply, reason: str
) -> None:
    found = evidence(lambda _: reply, limits=HASTY if reply.drip else PATIENT)
    assert found.verdict is Verdict.ERROR and reason in found.reason
    assert found.answer.live is None and TOKEN not in str(found)


def test_a_controller_that_compares_nothing_is_an_error() -> None:
    """What the Application said last is no evidence: it may be hours old."""

    def answers(request: Request) -> Reply:
        return Reply(application(), drip=5.0 if "refresh" in request.query else 0.0)

    found = evidence(answers, limits=HASTY)
    assert found.verdict is Verdict.ERROR
    # One of two clocks ends it first: did not answer in time, or gave no answer within 0.5 seconds.
    assert "Argo CD's application controller" in found.reason


def test_a_secret_that_the_server_repeats_is_not_shown() -> None:
    found = evidence(lambda _: Reply({"error": f"bad token {TOKEN}"}, status=401))
    assert found.verdict is Verdict.ERROR and TOKEN not in str(found)


def test_an_application_that_is_not_as_in_git_is_not_compared() -> None:
    other = application()
    other["spec"]["destination"] = {"name": "prod-us-east-1", "namespace": "fraud"}
    with json_server(says(other)) as server:
        found = judge_question(QUESTION, gates(server.url).ask(QUESTION))
        assert len(server.asked) == 1
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason.endswith(f"another destination than the one in git; see: {LOOK}")


LOOK = f"argocd app get argocd/{NAME}"


def test_an_application_that_the_controller_leaves_alone_is_not_waited_for() -> None:
    alone = application()
    alone["metadata"]["annotations"]["argocd.argoproj.io/skip-reconcile"] = "true"
    with json_server(says(alone)) as server:
        found = judge_question(QUESTION, gates(server.url).ask(QUESTION))
        assert len(server.asked) == 1
    assert found.verdict is Verdict.INCONCLUSIVE and "skip-reconcile" in found.reason


def test_an_application_that_changes_in_between_is_not_believed() -> None:
    other = deepcopy(application())
    other["spec"]["project"] = "default"
    found = evidence(lambda each: Reply(other if "refresh" in each.query else application()))
    assert found.verdict is Verdict.INCONCLUSIVE and "in the project default" in found.reason


def test_a_question_that_cannot_be_asked_is_no_pass() -> None:
    assert "not known" in ArgocdGates().ask(QUESTION).failure
    nowhere = evidence(says(application()), replace(QUESTION, place=None))
    assert nowhere.verdict is Verdict.ERROR and "runs nowhere" in nowhere.reason
    unmoved = evidence(says(application()), replace(QUESTION, moved_in=""))
    assert unmoved.verdict is Verdict.INCONCLUSIVE and "no record has moved" in unmoved.reason


def test_git_that_does_not_know_the_step_is_an_error() -> None:
    def facts(_: Question, __: Iterable[str]) -> FolderFacts:
        raise LockstepError("the commit is not in this clone", fix="fetch the whole history")

    with json_server(says(application())) as server:
        answer = gates(server.url, facts).ask(QUESTION)
    assert answer.failure == "the commit is not in this clone"


def answer_of(url: str) -> Answer:
    return gates(url).ask(QUESTION)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "no Argo CD is named for the environment prod"),
        ("http://argocd.example.com", "sent over https only"),
        ("https://user:secret@argocd.example.com", "must not hold a user or a password"),
        ("http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_an_address_that_cannot_be_used_is_an_error(url: str, reason: str) -> None:
    failure = answer_of(url).failure
    assert reason in failure and "secret" not in failure


def test_a_token_is_needed_and_may_be_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def token(server: JsonServer) -> str:
        return server.asked[-1].headers["Authorization"]

    with json_server(says(application())) as server:
        monkeypatch.setenv("ARGOCD_AUTH_TOKEN_PROD", "of-prod")
        assert not answer_of(server.url).failure and token(server) == "Bearer of-prod"
        monkeypatch.delenv("ARGOCD_AUTH_TOKEN_PROD")
        assert not answer_of(server.url).failure and token(server) == f"Bearer {TOKEN}"
        monkeypatch.setenv("ARGOCD_AUTH_TOKEN", "a b")
        assert "not a bearer token" in answer_of(server.url).failure
        monkeypatch.delenv("ARGOCD_AUTH_TOKEN")
        assert "ARGOCD_AUTH_TOKEN is not set" in answer_of(server.url).failure
