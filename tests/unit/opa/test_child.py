"""A real OPA child: what it answers and to which requests, how it fails and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.opa.child import ChildOpa, OpaProcess, free_port, relevant_lines
from tests.unit.opa.parts import (
    DIVIDING,
    batch_of,
    is_running,
    opa_program,
    serving,
    wait_until_gone,
)

MAIN = {"policies/main.rego": DIVIDING}


def test_answers_come_in_the_order_of_the_batches() -> None:
    with serving() as server:
        batches = [batch_of([1, 2]), batch_of([4]), batch_of([5, 10])]
        answers = server.evaluate_all(batches)
        assert [answer["share"] for answer in answers] == [100, 50, 25, 20, 10]
        assert server.evaluate_all(batches[1:2]) == [{"id": "item-0", "share": 25}]
        assert server.evaluate_all([]) == []


def test_a_failed_builtin_names_the_item_and_the_place() -> None:
    with serving() as server:
        answers = server.evaluate(batch_of([1, 0, 2]))
    assert answers[1]["error"]["where"] == "policies/main.rego:3"
    assert "divide by zero" in answers[1]["error"]["message"]
    assert [answer.get("share") for answer in answers] == [100, None, 50]


def test_a_conflict_names_the_item_and_the_place() -> None:
    main = b"""\
package lockstep

answers := [{"id": item.id, "kind": kind(item.parts)} | some item in input.items]

kind(parts) := "one" if parts < 2

kind(parts) := "two" if parts > 0
"""
    with serving(main) as server:
        answers = server.evaluate(batch_of([0, 1, 2]))
    assert "conflict" in answers[1]["error"]["message"]
    assert answers[1]["error"]["where"].startswith("policies/main.rego:")
    assert [answer.get("kind") for answer in answers] == ["one", None, "two"]


def test_an_undefined_entry_point_is_an_error() -> None:
    main = b"package lockstep\n\nanswer := []\n"
    with serving(main) as server, pytest.raises(LockstepError, match="answers is undefined"):
        server.evaluate(batch_of([1]))


def test_a_value_that_is_not_json_is_an_error() -> None:
    batch = batch_of([1])
    with serving() as server:
        batch["items"][0]["parts"] = float("nan")
        with pytest.raises(LockstepError, match="is not JSON"):
            server.evaluate(batch)
        batch["items"][0]["parts"] = {1, 2}
        with pytest.raises(LockstepError, match="is not JSON"):
            server.evaluate(batch)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("package lockstep.lib.one\n\nx := (\n", 4, "unexpected eof"),
        ("package lockstep.lib.one\n\nx := lost(1)\n", 3, "undefined function lost"),
    ],
)
def test_a_policy_that_does_not_compile_is_named_with_its_line(
    text: str, line: int, said: str
) -> None:
    with serving(one=text.encode()) as server, pytest.raises(LockstepError) as caught:
        server.evaluate(batch_of([1]))
    assert caught.value.where == f"policies/lib/one.rego:{line}"
    assert said in caught.value.message


def test_an_old_program_is_refused_with_the_reason(tmp_path: Path) -> None:
    old = tmp_path / "opa"
    old.write_text('#!/bin/sh\n[ "$1" = version ] && echo "Version: 0.70.0" && exit 0\nexit 1\n')
    old.chmod(0o755)
    with ChildOpa(MAIN, old) as server, pytest.raises(LockstepError, match=r"version 0\.70\.0"):
        server.evaluate(batch_of([1]))


def test_a_missing_program_leaves_nothing_behind(tmp_path: Path) -> None:
    program = (
        "import pathlib\n"
        "from lockstep.opa.child import ChildOpa\n"
        f"ChildOpa({MAIN!r}, pathlib.Path('/nonexistent/opa'))\n"
    )
    done = run_python(program, TMPDIR=str(tmp_path))
    assert b"cannot start /nonexistent/opa" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_only_the_bearer_of_the_token_is_answered() -> None:
    child = OpaProcess(opa_program(), MAIN, free_port())
    try:
        assert _status(child, "/v1/data/lockstep/server", token=child.token) == 200
        assert _status(child, "/v1/data/lockstep/server", token="guess") == 401
        assert _status(child, "/v1/data/lockstep/server") == 401
        assert _status(child, "/v1/policies", token=child.token, method="GET") == 401
        assert _status(child, "/v1/data", token=child.token) == 401
        assert _status(child, "/v1/policies/x", token=child.token, method="PUT") == 401
        assert _status(child, "/v1/data/lockstep", token=child.token, method="PUT") == 401
        assert _status(child, "/health", method="GET") == 401
    finally:
        child.stop()


def test_the_token_and_the_environment_cannot_be_read() -> None:
    child = OpaProcess(opa_program(), MAIN, free_port())
    try:
        assert _status(child, "/v1/data/lockstep/server", token=child.token) == 200
        process = Path(f"/proc/{child.pid}")
        assert process.joinpath("environ").read_bytes() == b""
        assert child.token.encode() not in process.joinpath("cmdline").read_bytes()
        folder = process.joinpath("cwd").resolve()
        assert folder.stat().st_mode & 0o077 == 0
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert len(files) == 4
        assert not any(child.token.encode() in path.read_bytes() for path in files)
    finally:
        child.stop()
    assert not folder.exists()


def test_the_files_are_gone_once_opa_is_ready() -> None:
    with serving() as server:
        folder = os.readlink(f"/proc/{server.pid}/cwd")
        server.evaluate(batch_of([1]))
        assert not os.path.exists(folder)
        assert server.evaluate(batch_of([2])) == [{"id": "item-0", "share": 50}]


def test_another_program_on_the_port_is_not_trusted() -> None:
    with impostor() as taken:
        ports = iter([taken, free_port()])
        with ChildOpa(MAIN, opa_program(), ports=lambda: next(ports)) as server:
            assert server.evaluate(batch_of([4])) == [{"id": "item-0", "share": 25}]


def test_another_program_on_the_port_that_sends_without_end_is_not_waited_for() -> None:
    class Drip(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            with suppress(OSError):  # until the client is gone
                while True:
                    self.wfile.write(b" ")
                    time.sleep(0.05)

        def log_message(self, *_: object) -> None:
            """Not shown."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = iter([server.server_address[1], free_port()])
    with ChildOpa(MAIN, opa_program(), ports=lambda: next(ports)) as child:
        assert child.evaluate(batch_of([4])) == [{"id": "item-0", "share": 25}]
    server.shutdown()
    server.socket.close()


def test_without_a_free_port_is_an_error() -> None:
    with (
        impostor() as taken,
        ChildOpa(MAIN, opa_program(), ports=lambda: taken) as server,
        pytest.raises(LockstepError, match="no free port"),
    ):
        server.evaluate(batch_of([1]))


def test_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with serving() as server:
        assert server.evaluate(batch_of([1])) == [{"id": "item-0", "share": 100}]


def test_opa_that_dies_in_the_middle_of_a_batch() -> None:
    slow = DIVIDING.replace(b"100 /", b"count(numbers.range(1, 20000000)) /")
    with serving(slow) as server:
        server.evaluate({"families": {}, "clusters": {}, "items": []})
        killer = threading.Timer(0.2, os.kill, (server.pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(LockstepError, match="ended in the middle of a batch"):
            server.evaluate(batch_of([1]))
        killer.join()


def test_opa_that_died_before_an_evaluation() -> None:
    with serving() as server:
        server.evaluate(batch_of([1]))
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(LockstepError, match="status -9"):
            server.evaluate(batch_of([1]))


def test_close_ends_the_program_and_may_be_repeated() -> None:
    server = ChildOpa(MAIN, opa_program())
    pid = server.pid
    server.close()
    assert not is_running(pid)
    server.close()


def test_opa_ends_when_its_parent_is_killed() -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from lockstep.opa.child import ChildOpa\n"
        f"server = ChildOpa({MAIN!r}, pathlib.Path({str(opa_program())!r}))\n"
        "server.evaluate({'families': {}, 'clusters': {}, 'items': []})\n"
        "print(server.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = run_python(program)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert wait_until_gone(int(done.stdout))


def test_what_matters_in_a_log() -> None:
    log = (
        '{"level":"warning","msg":"running as root"}\n'
        '{"level":"error","msg":"Listener failed.","err":"address already in use"}\n'
        "{broken\n[]\nerror: load error\n"
    )
    assert relevant_lines(log) == ("Listener failed. address already in use\n[]\nerror: load error")


def run_python(program: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    argv = [sys.executable, "-c", program]
    return subprocess.run(argv, env=environment, capture_output=True, check=False)


def _status(child: OpaProcess, path: str, *, token: str = "", method: str = "POST") -> int:
    """The HTTP status of one request, which waits until OPA listens."""
    request = urllib.request.Request(f"http://127.0.0.1:{child.port}{path}", method=method)
    if method != "GET":
        request.data = b"{}"
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for _ in range(500):
        with suppress(urllib.error.URLError), _opened(request) as status:
            return status
        time.sleep(0.01)
    raise AssertionError("OPA does not listen")


@contextmanager
def _opened(request: urllib.request.Request) -> Iterator[int]:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            yield answer.status
    except urllib.error.HTTPError as error:
        yield error.code


@contextmanager
def impostor() -> Iterator[int]:
    """A server on a loopback port that answers every request."""

    class Impostor(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b'{"result": {"nonce": "guess", "version": "9.9.9"}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError, socket.timeout):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Impostor)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
