"""Real MLflow registries for tests: on SQLite, behind its own HTTP server, and none at all."""

import json
import os
import shutil
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from lockstep.edges import process
from lockstep.registry.mlflow.client import load_mlflow

MLMODEL = """\
artifact_path: model
signature:
  inputs: '[{"type": "double", "name": "amount", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
"""


@dataclass
class Store:
    """A registry on SQLite with its artifacts in a folder, and ways to fill it."""

    folder: Path
    client: Any
    experiment: str

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def run(self, datasets: Mapping[str, str] | None = None) -> str:
        """A new run, with inputs by name and digest."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        run: str = self.client.create_run(self.experiment).info.run_id
        context = [InputTag("mlflow.data.context", "training")]
        inputs = [
            DatasetInput(Dataset(name, digest, "code", "{}"), context)
            for name, digest in (datasets or {}).items()
        ]
        if inputs:
            self.client.log_inputs(run, datasets=inputs)
        return run

    def logged_model(self, run: str, files: Mapping[str, str]) -> str:
        """A finished logged model with these files; its id."""
        model = self.client.create_logged_model(self.experiment, name="m", source_run_id=run)
        source = self.folder / "upload" / model.model_id
        for path, text in files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text)
        if files:
            self.client.log_model_artifacts(model.model_id, str(source))
        self.client.finalize_logged_model(model.model_id, "READY")
        return str(model.model_id)

    def version(
        self,
        name: str,
        files: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> tuple[str, str, str]:
        """Register a new version; its number, its logged model and its run."""
        run = self.run({"train": "abc123"})
        model_id = self.logged_model(run, {"MLmodel": MLMODEL} if files is None else files)
        made = self.register(name, f"models:/{model_id}", run, tags)
        return made, model_id, run

    def register(
        self, name: str, source: str, run: str | None = None, tags: Mapping[str, str] | None = None
    ) -> str:
        """Register whatever ``source`` says as a version of ``name``."""
        if not self.client.search_registered_models(f"name='{name}'"):
            self.client.create_registered_model(name)
        logged = source.removeprefix("models:/") if source.startswith("models:/m-") else None
        made = self.client.create_model_version(
            name, source, run_id=run, tags=dict(tags or {}), model_id=logged
        )
        return str(made.version)

    def measure(
        self, run: str, model_id: str, key: str, value: float, dataset: str | None = None,
        *, at: int = 1_769_846_400_000, step: int = 0, digest: str = "d1",
    ) -> None:  # fmt: skip
        """Log one metric value of a model; ``at`` in milliseconds."""
        from mlflow.entities import Metric

        metric = Metric(
            key, value, at, step, model_id=model_id, run_id=run, dataset_name=dataset,
            dataset_digest=digest if dataset else None,
        )  # fmt: skip
        self.client.log_batch(run, metrics=[metric])


def create_store(folder: Path) -> Store:
    """An empty registry. It becomes this process's default, as MLflow wants for SQLite."""
    mlflow = load_mlflow()
    folder.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    location = (folder / "artifacts").as_uri()
    return Store(folder, client, client.create_experiment("test", artifact_location=location))


def forget_default_store() -> None:
    """Undo what made a store the default of this process: MLflow leaves its variables set."""
    mlflow = load_mlflow()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        os.environ.pop(name, None)


@contextmanager
def http_server(
    store: Store, scratch: Path, more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """MLflow's own server on a copy of a store's database; gives its address.

    ``more`` are settings of the server, as environment variables. The client has patience with it,
    because a real server takes seconds on a busy machine.
    """
    shutil.copy(store.folder / "mlflow.db", scratch / "served.db")
    port = free_port()
    code = (
        "from werkzeug.serving import run_simple; from mlflow.server import app; "
        f"run_simple('127.0.0.1', {port}, app, threaded=True)"
    )
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")},
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{scratch / 'served.db'}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(scratch / "kept"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        **more,
    }
    child = process.start([sys.executable, "-c", code], env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/health")
        with pytest.MonkeyPatch.context() as patient:
            patient.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
            yield address
    finally:
        process.stop(child)


def remote_store(address: str, scratch: Path) -> Store:
    """A store behind a tracking server, which keeps the artifacts too."""
    client = load_mlflow().MlflowClient(tracking_uri=address, registry_uri=address)
    return Store(scratch, client, client.create_experiment("remote"))


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Reply = tuple[int, object]
"""An HTTP status, and a body: bytes as they are, a function that answers, all else as JSON."""


def drip(handler: BaseHTTPRequestHandler, closing: threading.Event) -> None:
    """Answer with a byte now and then, without end."""
    hang_after_headers(handler, threading.Event(), wait=0)
    with suppress(OSError):  # the client may be gone
        while not closing.wait(0.05):
            handler.wfile.write(b" ")


def hang_after_headers(
    handler: BaseHTTPRequestHandler, closing: threading.Event, wait: float = 20
) -> None:
    """Begin an answer, and never go on."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    closing.wait(wait)


def try_again_later(handler: BaseHTTPRequestHandler, _: threading.Event) -> None:
    """Refuse, and ask to be tried again in ten minutes."""
    handler.send_response(503)
    handler.send_header("Retry-After", "600")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@contextmanager
def odd_server(replies: Mapping[str, Reply]) -> Iterator[str]:
    """A server that answers by the first key that the request's path and query contain.

    The body None means: never answer. What no key fits is 404.
    """
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = [reply for part, reply in replies.items() if part in self.path]
            status, body = found[0] if found else (404, {"error_code": "ENDPOINT_NOT_FOUND"})
            if body is None:
                closing.wait(20)
                return
            if callable(body):
                body(self, closing)
                return
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        closing.set()
        server.shutdown()
        server.server_close()


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} did not come up")
