"""The connection to MLflow: whatever the server does, a question ends, with a reason."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockstep.edges import bounded
from lockstep.model.errors import LockstepError
from lockstep.registry.base import Unreachable
from lockstep.registry.mlflow.client import Bounds, load_mlflow
from lockstep.registry.mlflow.versions import MlflowRegistry
from tests.unit.mlflow_store import Reply, drip, hang_after_headers, odd_server, try_again_later

READ_AT = "2026-03-01T08:00:00Z"
SHORT = Bounds(question=0.5, download=0.5)
FOUND: dict[str, Reply] = {
    "model-versions/get-download-uri": (200, {"artifact_uri": "mlflow-artifacts:/x"}),
    "model-versions/get?": (
        200, {"model_version": {"name": "fraud", "version": "1", "source": "somewhere"}}
    ),
    "registered-models/get": (200, {"registered_model": {"name": "fraud"}}),
    "artifacts?": (200, b'{"files": [{"path": "model.pkl", "is_dir": false}]}'),
}  # fmt: skip


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that would wait for much longer than the bound."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "5")


@contextmanager
def deaf_server() -> Iterator[str]:
    """A server that accepts connections and does nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def server_of(kind: str) -> Iterator[str]:
    replies = {"drips": drip, "hangs": hang_after_headers, "silent": None}
    if kind == "deaf":
        with deaf_server() as address:
            yield address
    else:
        with odd_server({"": (200, replies[kind])}) as address:
            yield address


@pytest.mark.parametrize("kind", ["drips", "hangs", "silent", "deaf"])
def test_a_question_has_a_bound_in_total_time(kind: str) -> None:
    with server_of(kind) as address:
        registry = MlflowRegistry(address, SHORT)
        with pytest.raises(Unreachable) as caught:
            registry.facts("fraud", "1", READ_AT)
        assert caught.value.message == "the MLflow server gave no answer within 0.5 seconds"
        assert caught.value.where == address and "run it again" in caught.value.fix
        # Another connection of the same run does not wait for it again.
        with pytest.raises(Unreachable) as again:
            MlflowRegistry(address, Bounds(600, 600)).facts("other", "2", READ_AT)
        assert again.value is caught.value


def test_the_database_of_a_registry_has_the_same_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    with deaf_server() as address:
        monkeypatch.setattr(
            load_mlflow(), "MlflowClient", lambda **_: socket.create_connection(
                ("127.0.0.1", int(address.rpartition(":")[2]))).recv(1)
        )  # fmt: skip
        with pytest.raises(Unreachable, match="no answer within"):
            MlflowRegistry(address, SHORT)


@pytest.mark.parametrize("kind", [drip, hang_after_headers])
def test_a_download_has_a_bound_of_its_own(kind: object) -> None:
    with odd_server({**FOUND, "artifacts/x/model.pkl": (200, kind)}) as address:
        registry = MlflowRegistry(address, Bounds(question=60, download=0.5))
        with pytest.raises(Unreachable, match=r"no answer within 0\.5 seconds"):
            registry.facts("fraud", "1", READ_AT)
        # The server answers questions: only its downloads are given up.
        assert bounded.ask(address, lambda: 42, 60, LockstepError("late")) == 42
        with pytest.raises(Unreachable):
            MlflowRegistry(address).facts("fraud", "1", READ_AT)


def test_a_server_that_asks_for_patience_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.delenv("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", raising=False)
    with odd_server({"": (200, try_again_later)}) as address:
        registry = MlflowRegistry(address)
        with pytest.raises(Unreachable) as caught:
            registry.facts("fraud", "1", READ_AT)
    said = "the MLflow server could not be asked: too many 503 error responses"
    assert caught.value.message == said
    with pytest.raises(Unreachable, match="too many 503"):
        registry.measure({"identity": {"modelId": "m-1"}}, "fpr", None, READ_AT)


def test_a_server_with_an_error_of_its_own_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    replies = {"name=broken": (500, b"oops"), **FOUND, "artifacts/x/model.pkl": (200, b"x")}
    with odd_server(replies) as address:
        registry = MlflowRegistry(address)
        with pytest.raises(LockstepError, match="could not be asked") as caught:
            registry.facts("broken", "1", READ_AT)
        assert not isinstance(caught.value, Unreachable)
        digest = registry.facts("fraud", "1", READ_AT)["identity"]["digest"]
        assert digest.startswith("sha256:")


@pytest.mark.parametrize("plugin", [False, True])
def test_mlflow_is_imported_without_pandas_unless_a_plugin_may_need_it(
    tmp_path: Path, plugin: bool
) -> None:
    pytest.importorskip("pandas")
    if plugin:
        (tmp_path / "ours-1.dist-info").mkdir()
        entry = "[mlflow.run_context_provider]\nours = ours:Context\n"
        (tmp_path / "ours-1.dist-info" / "entry_points.txt").write_text(entry)
        (tmp_path / "ours.py").write_text("import pandas\nclass Context: pass\n")
    code = """\
import sys
from lockstep.registry.mlflow.client import load_mlflow
load_mlflow().MlflowClient
print("pandas" in sys.modules, __import__("pandas").__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [str(plugin), "pandas"]
