"""A running OPA: when Lockstep trusts it, what it is sent, and how failures are reported."""

import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from lockstep.edges.cache import Cache
from lockstep.model.errors import LockstepError
from lockstep.opa.address import TOKEN_VARIABLE, OpaOptions
from lockstep.opa.base import OpaSession
from lockstep.opa.bisect import EvaluationFailed
from lockstep.opa.child import ChildOpa, free_port
from lockstep.opa.files import policies_digest, policy_files
from lockstep.opa.remote import RemoteOpa
from lockstep.opa.session import opa_session
from tests.unit.opa.parts import DIVIDING, batch_of, opa_program
from tests.unit.opa.remote_parts import (
    TOKEN,
    Answer,
    bundle,
    certificates,
    pretending,
    reply,
    running,
)

MAIN = {"policies/main.rego": DIVIDING}
OTHER = {"policies/main.rego": DIVIDING.replace(b"100", b"200")}
DIGEST = policies_digest(policy_files(MAIN))
NO_CACHE = Cache(None)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)


def remote(
    options: OpaOptions, policies: dict[str, bytes] = MAIN, patience: float = 60
) -> RemoteOpa:
    times = (patience, patience)
    return RemoteOpa(policies, opa_program(), options, cache=NO_CACHE, timeouts=times)


def refusal(session: OpaSession) -> LockstepError:
    """The error of one evaluation; it never shows the token."""
    with session, pytest.raises(LockstepError) as caught:
        session.evaluate(batch_of([1]))
    assert TOKEN not in caught.value.diagnostics()
    assert caught.value.fix
    return caught.value


def test_it_answers_over_tls_to_the_bearer_of_the_token(tmp_path: Path) -> None:
    tls = certificates(tmp_path)
    with running(tmp_path, bundle(tmp_path, MAIN), tls=tls) as url:
        options = OpaOptions(url, ca_file=tls.ca)
        with opa_session(MAIN, options, cache=NO_CACHE) as opa:
            assert isinstance(opa, RemoteOpa)
            answers = opa.evaluate_all([batch_of([1, 0, 2]), batch_of([4])])
            assert [answer.get("share") for answer in answers] == [100, None, 50, 25]
            assert answers[1]["error"]["where"] == "policies/main.rego:3"
            assert "divide by zero" in answers[1]["error"]["message"]


def test_without_a_url_a_child_is_started() -> None:
    with opa_session(MAIN, cache=NO_CACHE) as opa:
        assert isinstance(opa, ChildOpa)
        assert opa.evaluate(batch_of([4])) == [{"id": "item-0", "share": 25}]


def test_a_conflict_names_the_item_and_spares_the_others(tmp_path: Path) -> None:
    main = b"""\
package lockstep

answers := [{"id": item.id, "kind": kind(item.parts)} | some item in input.items]

kind(parts) := "one" if parts < 2

kind(parts) := "two" if parts > 0
"""
    policies = {"policies/main.rego": main}
    with (
        running(tmp_path, bundle(tmp_path, policies)) as url,
        remote(OpaOptions(url), policies) as opa,
    ):
        answers = opa.evaluate(batch_of([0, 1, 2]))
    assert [answer.get("kind") for answer in answers] == ["one", None, "two"]
    assert "conflict" in answers[1]["error"]["message"]
    assert answers[1]["error"]["where"].startswith("policies/main.rego:")


def test_a_wrong_or_missing_token_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, bundle(tmp_path, MAIN)) as url:
        for token in ("wrong", ""):
            monkeypatch.setenv(TOKEN_VARIABLE, token)
            error = refusal(remote(OpaOptions(url)))
            assert "refused the token" in error.message
            assert error.where == url


def test_an_opa_with_other_rules_is_not_used(tmp_path: Path) -> None:
    with running(tmp_path, bundle(tmp_path, OTHER)) as url:
        error = refusal(remote(OpaOptions(url)))
    assert policies_digest(OTHER) in error.message
    assert DIGEST in error.message
    assert "lockstep policy bundle" in error.fix


def test_an_opa_without_the_bundle_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "main.rego").write_bytes(DIVIDING)
    with running(tmp_path, folder, token=False) as url:
        error = refusal(remote(OpaOptions(url)))
    assert "no bundle of Lockstep's" in error.message
    assert DIGEST in error.message
    assert "lockstep policy bundle" in error.fix


def test_rules_that_change_during_an_evaluation_are_detected() -> None:
    digests = [DIGEST]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        digests.append("sha256:later")
        reply(handler, {"result": [{"id": "item-0"}]})

    with pretending(lambda: digests[-1], answer) as (url, _):
        error = refusal(remote(OpaOptions(url)))
    assert "this OPA holds rules sha256:later" in error.message


def test_impure_rules_are_refused_for_a_running_opa_too(tmp_path: Path) -> None:
    main = b"package lockstep\n\nanswers := [opa.runtime().env]\n"
    policies = {"policies/main.rego": main}
    with running(tmp_path, bundle(tmp_path, policies)) as url:
        error = refusal(remote(OpaOptions(url), policies))
    assert "must not use opa.runtime" in error.message
    assert error.where == "policies/main.rego:3"


def test_an_undefined_entry_point_is_an_error(tmp_path: Path) -> None:
    policies = {"policies/main.rego": b"package lockstep\n\nanswer := []\n"}
    with running(tmp_path, bundle(tmp_path, policies)) as url:
        error = refusal(remote(OpaOptions(url), policies))
    assert "answers is undefined" in error.message


def test_a_certificate_of_an_unknown_ca_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    tls, other = certificates(tmp_path), certificates(tmp_path / "other")
    with running(tmp_path, bundle(tmp_path, MAIN), tls=tls) as url:
        for options in (OpaOptions(url), OpaOptions(url, ca_file=other.ca)):
            error = refusal(remote(options))
            assert "is not trusted" in error.message
            assert "--opa-ca" in error.fix


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    tls = certificates(tmp_path, "opa.example.com")
    with running(tmp_path, bundle(tmp_path, MAIN), tls=tls) as url:
        error = refusal(remote(OpaOptions(url, ca_file=tls.ca)))
    assert "is for another host" in error.message


def test_a_client_certificate_is_shown_to_an_opa_that_asks_for_one(tmp_path: Path) -> None:
    tls = certificates(tmp_path)
    client = tmp_path / "client.pem"
    client.write_bytes(tls.cert.read_bytes() + tls.key.read_bytes())
    asks = ("--authentication=tls", f"--tls-ca-cert-file={tls.ca}")
    with running(tmp_path, bundle(tmp_path, MAIN), *asks, tls=tls, token=False) as url:
        with remote(OpaOptions(url, ca_file=tls.ca, client_cert=client)) as opa:
            assert opa.evaluate(batch_of([4])) == [{"id": "item-0", "share": 25}]
        error = refusal(remote(OpaOptions(url, ca_file=tls.ca)))
    assert "no TLS connection" in error.message
    assert "client certificate" in error.fix


def test_a_server_without_tls_is_reported(tmp_path: Path) -> None:
    with running(tmp_path, bundle(tmp_path, MAIN)) as url:
        error = refusal(remote(OpaOptions(url.replace("http:", "https:"))))
    assert "no TLS connection" in error.message


def test_an_opa_that_does_not_listen_is_reported() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    error = refusal(remote(OpaOptions(url)))
    assert "cannot be reached" in error.message
    assert error.where == url


def test_a_host_name_without_an_address_is_reported() -> None:
    error = refusal(remote(OpaOptions("https://opa.invalid")))
    assert "cannot be resolved" in error.message


def test_an_old_opa_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with running(tmp_path, bundle(tmp_path, MAIN), token=False) as url:
        monkeypatch.setattr("lockstep.opa.binary.OLDEST", (99, 0))
        session = remote(OpaOptions(url))
        error = refusal(session)
    assert "Lockstep needs 99.0 or newer" in error.message
    assert error.where == url


def odd(answer: Answer, patience: float = 60) -> LockstepError:
    """What a server is refused with that gets through the handshake and then answers like this."""
    with pretending(lambda: DIGEST, answer) as (url, _):
        return refusal(remote(OpaOptions(url), patience=patience))


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"<html>welcome</html>", 200, "is not JSON"),
        (b'{"result": [', 200, "is not JSON"),
        ({"result": []}, 200, "answered 0 of 1 specs: item-0 has no answer"),
        ({"result": [{"id": "other"}]}, 200, "item-0 has no answer"),
        ({"result": ["item-0"]}, 200, "item-0 has no answer"),
        ({"result": [{"id": "item-0"}] * 2}, 200, "answered 2 of 1"),
        ({"result": {}}, 200, "answers is undefined"),
        ([], 200, "answers is undefined"),
        ({"code": "busy", "message": "try later"}, 503, "HTTP 503: try later"),
        ({"message": f"you sent Bearer {TOKEN}"}, 500, "you sent Bearer [the token]"),
        (b"nothing", 400, "HTTP 400"),
        (b"nothing", 404, "no OPA at this URL"),
        (b"nothing", 413, "HTTP 413"),
    ],
)
def test_odd_answers_are_errors(body: object, status: int, said: str) -> None:
    assert said in odd(lambda handler: reply(handler, body, status)).message


def test_an_answer_that_is_cut_off_is_reported() -> None:
    error = odd(lambda handler: reply(handler, b'{"result"', 200, {"Content-Length": "5000"}))
    assert "cut off" in error.message


def test_a_connection_that_breaks_is_reported() -> None:
    error = odd(lambda handler: handler.connection.shutdown(socket.SHUT_RDWR))
    assert "cannot be reached" in error.message


@pytest.mark.parametrize("started", [False, True])
def test_an_opa_that_stops_sending_is_reported(started: bool) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if started:
            reply(handler, b"{", 200, {"Content-Length": "5000"})
        time.sleep(1)

    assert "did not answer in time" in odd(answer, patience=0.2).message


def test_an_opa_that_sends_a_byte_now_and_then_is_not_waited_for() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, b"{", 200, {"Content-Length": "5000"})
        with suppress(OSError):  # until the client is gone
            for _ in range(400):
                handler.wfile.write(b" ")
                time.sleep(0.05)

    with pretending(lambda: DIGEST, answer) as (url, _):
        options = OpaOptions(url)
        error = refusal(RemoteOpa(MAIN, opa_program(), options, cache=NO_CACHE, bound=1))
        assert error.message == "OPA gave no answer within 1 seconds" and error.where == url
        # Another session of the same run does not wait for it again.
        assert refusal(remote(options)) is error


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_gets_no_token(status: int) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, {"result": [{"id": "item-0"}]})

    with pretending(lambda: DIGEST, elsewhere) as (target, seen):
        location = {"Location": f"{target}/v1/data/lockstep/answers"}
        error = odd(lambda handler: reply(handler, b"", status, location))
    assert "redirect" in error.message
    assert seen == []


@pytest.mark.parametrize("number", [22, None])
def test_a_server_that_does_not_show_that_it_is_strict_is_refused(
    number: int | None, tmp_path: Path
) -> None:
    """Behind a proxy that drops the query of a URL, or with another probe."""

    class Lenient(RemoteOpa):
        def _query(self, given: object, package: str, rule: str) -> object:
            if rule != "number":
                return super()._query(given, package, rule)
            if number is None and given == {"number": "none"}:
                raise EvaluationFailed("always")
            return number if given == {"number": "22"} else None

    with running(tmp_path, bundle(tmp_path, MAIN)) as url:
        error = refusal(Lenient(MAIN, opa_program(), OpaOptions(url), cache=NO_CACHE))
    assert "a builtin that fails is not an error" in error.message


def test_only_the_opa_is_sent_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, {"result": [{"id": "item-0"}]})

    with pretending(lambda: DIGEST, answer) as (url, seen), remote(OpaOptions(url)) as opa:
        opa.evaluate(batch_of([1]))
    assert {entry.split(" ", 1)[1] for entry in seen} == {f"Bearer {TOKEN}"}
    assert "/v1/data/lockstep/answers?strict-builtin-errors=true" in seen[-2]


def test_a_path_before_the_api_is_kept(tmp_path: Path) -> None:
    with running(tmp_path, bundle(tmp_path, MAIN)) as url:
        error = refusal(remote(OpaOptions(f"{url}/behind/a/proxy/")))
    assert error.where == f"{url}/behind/a/proxy"
