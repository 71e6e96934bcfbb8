"""A conversation ends in time and within its bytes, and shows no secret."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from lockstep.edges import clock, http, http_answers
from lockstep.edges.http import Conversation, Limits, Server
from lockstep.edges.http_address import parse_address
from lockstep.edges.http_answers import Refused
from lockstep.edges.http_errors import Words
from lockstep.model.errors import LockstepError
from tests.unit.json_server import Answers, JsonServer, Reply, json_server
from tests.unit.opa.remote_parts import certificates

TOKEN = "s3cr3t-value"
WORDS = Words("Example", "run it again", "reach it", "check the address", "give the CA")


def server_at(url: str, token: str = TOKEN) -> Server:
    secrets = {"Authorization": f"Bearer {token}"} if token else {}
    address = parse_address(url, "the example", "spec.example", "give it elsewhere")
    return Server(address, WORDS, "give the right token", secrets)


@contextmanager
def talking(answers: Answers, **limits: Any) -> Iterator[tuple[JsonServer, Conversation]]:
    with (
        json_server(answers) as server,
        Conversation(server_at(server.url), Limits(**limits)) as talk,
    ):
        yield server, talk


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PAUSES", (0.0, 0.0))


def test_get_and_post_send_what_they_are_given_and_the_token() -> None:
    with talking(lambda _: Reply({"a": [1, 2.5]})) as (server, talk):
        assert talk.get("/api", {"q": 'a{b="c"}'}) == {"a": [1, 2.5]}
        assert talk.post("/form", form={"q": "1"}) == {"a": [1, 2.5]}
        assert talk.post("/json", body={"q": 1}) == {"a": [1, 2.5]}
    got, form, body = server.asked
    assert (got.method, got.path, got.query) == ("GET", "/api", {"q": 'a{b="c"}'})
    assert (form.method, form.query) == ("POST", {"q": "1"})
    assert body.body == b'{"q": 1}'
    assert {each.headers["Authorization"] for each in server.asked} == {f"Bearer {TOKEN}"}


def test_the_credentials_of_netrc_are_never_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(file))
    with (
        json_server(lambda _: Reply({})) as server,
        Conversation(server_at(server.url, token="")) as talk,
    ):
        talk.get("/")
    assert "Authorization" not in server.asked[0].headers


def test_what_is_for_this_machine_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with talking(lambda _: Reply({})) as (_, talk):
        assert talk.get("/") == {}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_failure_that_passes_is_asked_again(status: int) -> None:
    replies = iter([Reply(b"", status, {"Retry-After": "0"}), Reply(b"[1]", cut=True), Reply([1])])
    with talking(lambda _: next(replies)) as (server, talk):
        assert talk.get("/") == [1]
    assert len(server.asked) == 3


def test_the_last_failure_is_reported() -> None:
    with (
        talking(lambda _: Reply({"error": "too busy"}, 503)) as (server, talk),
        pytest.raises(LockstepError, match="refused the request with HTTP 503: too busy"),
    ):
        talk.get("/")
    assert len(server.asked) == 3


def test_a_server_that_wants_to_be_asked_much_later_is_not_waited_for() -> None:
    for after in ("3600", format_datetime(clock.now("2199-01-01T00:00:00Z"), usegmt=True)):
        reply = Reply(b"", 429, {"Retry-After": after})
        with (
            talking(lambda _, reply=reply: reply) as (server, talk),  # type: ignore[misc]
            pytest.raises(LockstepError, match="HTTP 429"),
        ):
            talk.get("/")
        assert len(server.asked) == 1


@pytest.mark.parametrize(("after", "seconds"), [("", 0), ("x", 0), ("-1", 0), ("7", 7), ("²", 0)])
def test_retry_after_is_a_number_or_a_date(after: str, seconds: float) -> None:
    assert http_answers.seconds(after) == seconds


def test_a_body_that_drips_and_one_that_never_ends_are_not_waited_for() -> None:
    with (
        talking(lambda _: Reply(b" " * 999, drip=0.05), seconds=0.3) as (_, talk),
        pytest.raises(LockstepError, match=r"gave no answer within 0\.3 seconds"),
    ):
        talk.get("/")


def test_all_requests_of_a_conversation_share_its_time() -> None:
    with (
        talking(lambda _: Reply({}), seconds=0.0) as (_, talk),
        pytest.raises(LockstepError, match="gave no answer within 0 seconds"),
    ):
        talk.get("/")


def test_all_answers_of_a_conversation_share_its_bytes() -> None:
    with talking(lambda _: Reply(b'"' + b"x" * 600 + b'"'), size=1000) as (_, talk):
        talk.get("/")
        with pytest.raises(LockstepError, match="answered with more than 1000 bytes"):
            talk.get("/")


def test_a_redirect_is_not_followed_and_its_path_not_shown() -> None:
    reply = Reply(b"", 302, {"Location": f"https://evil.example.com/{TOKEN}"})
    with (
        talking(lambda _: reply) as (server, talk),
        pytest.raises(LockstepError, match=r"redirect \(HTTP 302\) to evil.example.com,"),
    ):
        talk.get("/")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_not_shown(status: int) -> None:
    said = {"error": f"bad token {TOKEN} in Bearer {TOKEN}"}
    with (
        talking(lambda _: Reply(said, status)) as (_, talk),
        pytest.raises(LockstepError, match=r"refused the token, or the lack") as caught,
    ):
        talk.get("/")
    assert TOKEN not in caught.value.diagnostics() + repr(caught.value) + repr(talk._server)
    assert caught.value.fix == "give the right token"


def test_a_refused_request_says_why() -> None:
    with talking(lambda _: Reply({"errors": [1], "message": "bad\nquery"}, 400)) as (_, talk):
        with pytest.raises(Refused, match=r"HTTP 400: bad\\nquery") as caught:
            talk.get("/")
        assert caught.value.status == 400
    with talking(lambda _: Reply(b"<html>", 404)) as (_, talk):
        with pytest.raises(Refused, match=r"HTTP 404$") as caught:
            talk.get("/")
        assert caught.value.fix == WORDS.kind


@pytest.mark.parametrize("body", [b"<html>", b"", b"NaN", b'{"a":1,"a":2}', b"[" * 100_000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with (
        talking(lambda _: Reply(body)) as (_, talk),
        pytest.raises(LockstepError, match="answer of Example cannot be read: it "),
    ):
        talk.get("/")


def test_an_answer_that_is_compressed_unasked_is_refused() -> None:
    with (
        talking(lambda _: Reply(b"", headers={"Content-Encoding": "gzip"})) as (server, talk),
        pytest.raises(LockstepError, match="is compressed, which was not asked for"),
    ):
        talk.get("/")
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


def test_a_server_that_is_not_there_is_asked_once_in_a_run() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for _ in range(2):
        with (
            Conversation(server_at(url)) as talk,
            pytest.raises(LockstepError, match="Example cannot be reached"),
        ):
            talk.get("/")


def test_a_token_is_not_sent_in_the_open() -> None:
    with pytest.raises(LockstepError, match="a token is sent over https only"):
        Conversation(server_at("http://prometheus.example.com"))
    Conversation(server_at("http://prometheus.example.com", token=""))


def test_a_path_cannot_continue_the_host() -> None:
    with (
        talking(lambda _: Reply({})) as (server, talk),
        pytest.raises(LockstepError, match="must begin with /"),
    ):
        talk.get("@evil.example.com/")
    assert not server.asked


def test_a_certificate_counts_only_by_the_ca_that_is_given(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with json_server(lambda _: Reply({"a": 1}), made) as server:
        assert server.url.startswith("https://")
        with (
            Conversation(server_at(server.url)) as talk,
            pytest.raises(LockstepError, match="the certificate of Example is not trusted"),
        ):
            talk.get("/")
        with Conversation(replace(server_at(server.url), ca=str(made.ca))) as talk:
            assert talk.get("/") == {"a": 1}
    (answered,) = server.asked
    assert answered.headers["Authorization"] == f"Bearer {TOKEN}"
