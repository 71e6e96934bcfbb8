"""The verb ``fetch-model``: a verified model at its path, or nothing; without any repository."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from lockstep.cli import invoke
from lockstep.edges import scratch
from lockstep.registry.mlflow.versions import MlflowRegistry
from tests.unit.mlflow_store import (
    MLMODEL,
    Store,
    drip,
    free_port,
    http_server,
    odd_server,
    remote_store,
)

FILES = {"MLmodel": MLMODEL, "data/model.pkl": "weights"}
OTHER = f"sha256:{'0' * 64}"
MODEL = f"m-{'1' * 32}"


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A volume, in a folder that is no repository."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "volume"
    made.mkdir()
    return made


def locked(uri: str, name: str, version: str) -> tuple[str, str]:
    identity = MlflowRegistry(uri).facts(name, version, "2026-01-31T09:00:00Z")["identity"]
    return identity["source"], identity["digest"]


def fetch(uri: str, source: str, digest: str, target: Path, *more: str) -> tuple[int, str]:
    return invoke(["fetch-model", source, digest, str(target), "--registry-uri", uri, *more])


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_a_model_is_fetched_once_and_verified_again(store: Store, volume: Path) -> None:
    source, digest = locked(store.uri, "churn", store.version("churn", FILES)[0])
    target = volume / "model"
    assert fetch(store.uri, source, digest, target) == (
        0, f"{target}: fetched and verified ({digest})\n",
    )  # fmt: skip
    assert contents(volume) == {f"model/{path}": text for path, text in FILES.items()}
    # Without the registry: what is there is what counts.
    code, text = fetch("http://127.0.0.1:1", source, digest, target, "--format", "json")
    assert (code, json.loads(text)["items"]) == (
        0, [{"path": str(target), "digest": digest, "fetched": False}],
    )  # fmt: skip
    (target / "data" / "model.pkl").write_text("other")
    code, text = fetch(store.uri, source, digest, target)
    assert code == 13 and f"{target}: the digest is sha256:" in text


def test_the_server_of_the_model_may_be_another_user(store: Store, volume: Path) -> None:
    source, digest = locked(store.uri, "modes", store.version("modes", FILES)[0])
    before = os.umask(0o077)
    try:
        assert fetch(store.uri, source, digest, volume / "model")[0] == 0
    finally:
        os.umask(before)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in [volume / "model", *(volume / "model").rglob("*")]
    }
    assert modes == {"model": 0o755, "data": 0o755, "MLmodel": 0o644, "model.pkl": 0o644}


def test_what_a_tracking_server_keeps(store: Store, volume: Path, tmp_path: Path) -> None:
    with http_server(store, tmp_path) as address:
        kept = remote_store(address, tmp_path)
        source, digest = locked(address, "remote", kept.version("remote", FILES)[0])
        assert fetch(address, source, digest, volume / "model")[0] == 0
        assert contents(volume / "model") == FILES
        # Overwritten in the registry, under the same name: what the lock is for.
        upload = tmp_path / "MLmodel"
        upload.write_text("tampered")
        kept.client.log_model_artifact(source.removeprefix("models:/"), str(upload))
        code, text = fetch(address, source, digest, volume / "again")
    assert code == 13 and f"the files of {source}: the digest is" in text
    assert os.listdir(volume) == ["model"]


def test_another_content_is_never_visible(store: Store, volume: Path) -> None:
    source, _ = locked(store.uri, "wrong", store.version("wrong", FILES)[0])
    code, text = fetch(store.uri, source, OTHER, volume / "model")
    assert code == 13 and f"the lock has {OTHER}" in text
    assert os.listdir(volume) == []


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda target: target.write_text("x"), "it is not a folder"),
        (lambda target: target.symlink_to("/etc"), "it is not a folder"),
        (lambda target: target.symlink_to("nowhere"), "it is not a folder"),
        (lambda target: target.symlink_to(target.parent.parent / "empty"), "it is not a folder"),
        (lambda target: (target.mkdir(), (target / "x").write_text("x")), "the digest is"),
    ],
)
def test_what_is_at_the_target_is_never_replaced(
    store: Store, volume: Path, make: Callable[[Path], object], says: str
) -> None:
    (volume.parent / "empty").mkdir()
    make(volume / "model")
    before = os.listdir(volume)
    code, text = fetch(store.uri, f"models:/{MODEL}", OTHER, volume / "model")
    assert code == 13 and says in text
    assert os.listdir(volume) == before


def test_an_empty_folder_is_taken_over(store: Store, volume: Path) -> None:
    source, digest = locked(store.uri, "empty", store.version("empty", FILES)[0])
    (volume / "model").mkdir()
    assert fetch(store.uri, source, digest, volume / "model")[0] == 0
    assert contents(volume / "model") == FILES


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([f"models:/{MODEL}", "sha256:12", "model"], "DIGEST is not a digest"),
        (["models:/m@champion", OTHER, "volume/model"], "not the source of a model"),
        ([f"models:/{MODEL}", OTHER, "nowhere/model"], "this folder does not exist"),
        ([f"models:/{MODEL}", OTHER, "model", "--timeout", "soon"], "--timeout: 'soon' is not"),
        ([f"models:/{MODEL}", OTHER, "model", "--timeout", "0s"], "--timeout: no time is left"),
        ([f"models:/{MODEL}", OTHER, "model", "--max-size", "-1"], "--max-size: '-1' is not"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    store: Store, volume: Path, arguments: list[str], says: str
) -> None:
    code, text = invoke(["fetch-model", *arguments, "--registry-uri", store.uri])
    assert code == 2 and says in text


def test_a_registry_that_is_not_there_is_not_a_wrong_digest(volume: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    code, text = fetch(address, f"models:/{MODEL}", OTHER, volume / "model")
    assert code == 1 and "could not be asked" in text
    assert os.listdir(volume) == []


def served(
    how: Callable[[BaseHTTPRequestHandler, threading.Event], None],
) -> dict[str, tuple[int, object]]:
    info = {"model_id": MODEL, "experiment_id": "1", "artifact_uri": "mlflow-artifacts:/x"}
    return {
        "logged-models": (200, {"model": {"info": {**info, "name": "m"}}}),
        "mlflow-artifacts/artifacts?": (200, {"files": [{"path": "a", "is_dir": False}]}),
        "mlflow-artifacts/artifacts/": (200, how),
    }


def test_the_whole_is_bounded_in_time(volume: Path) -> None:
    with odd_server(served(drip)) as address:
        began = time.monotonic()
        code, text = fetch(address, f"models:/{MODEL}", OTHER, volume / "model", "--timeout", "1s")
    assert code == 1 and "within 1 seconds" in text
    assert time.monotonic() - began < 10
    assert not (volume / "model").exists()


def slowly(data: object) -> Callable[[BaseHTTPRequestHandler, threading.Event], None]:
    def answer(handler: BaseHTTPRequestHandler, _: threading.Event) -> None:
        time.sleep(0.8)
        body = json.dumps(data).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_answers_that_are_slow_count_together(volume: Path) -> None:
    replies = served(drip)
    slow = {path: (200, slowly(reply[1])) for path, reply in list(replies.items())[:2]}
    with odd_server({**replies, **slow}) as address:
        code, text = fetch(address, f"models:/{MODEL}", OTHER, volume / "model", "--timeout", "1s")
    assert code == 1 and "the model was not fetched within 1 seconds" in text


def test_a_killed_run_leaves_nothing_that_counts(store: Store, volume: Path) -> None:
    source, digest = locked(store.uri, "killed", store.version("killed", FILES)[0])
    with odd_server(served(drip)) as address:
        child = subprocess.Popen(
            [sys.executable, "-m", "lockstep", "fetch-model", f"models:/{MODEL}", digest,
             str(volume / "model"), "--registry-uri", address],
            stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            for _ in range(300):
                if any(path.name == "a" for path in volume.rglob("*")):
                    break
                assert child.poll() is None, child.communicate()
                time.sleep(0.1)
        finally:
            child.send_signal(signal.SIGKILL)
            child.communicate()
    (left,) = os.listdir(volume)
    assert scratch.abandoned(volume) == [volume / left]
    assert fetch(store.uri, source, digest, volume / "model")[0] == 0
    assert os.listdir(volume) == ["model"]


def test_a_full_disk_is_said_as_such(
    store: Store, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, digest = locked(store.uri, "full", store.version("full", FILES)[0])
    monkeypatch.setattr(os, "rename", _no_room)
    code, text = fetch(store.uri, source, digest, volume / "model")
    assert code == 1 and "cannot write it: No space left on device" in text
    assert os.listdir(volume) == []


def _no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")
