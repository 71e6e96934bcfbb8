"""A real Prometheus on loopback, with a history that a test writes."""

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

Samples = Sequence[tuple[datetime, float]]
History = Mapping[str, Samples]
"""Samples by series, as ``name{label="value"}``."""

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="no Prometheus on PATH; on Debian: apt install prometheus",
)


def write_history(history: History, folder: Path) -> None:
    """Write a data folder that holds exactly these samples."""
    text = folder.parent / f"{folder.name}.om"
    lines = [
        f"{series} {value!r} {moment.timestamp():.3f}"
        for series, samples in sorted(history.items())
        for moment, value in samples
    ]
    text.write_text("\n".join([*lines, "# EOF", ""]))
    made = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", text, folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr


@contextmanager
def prometheus(history: History, folder: Path, *options: str) -> Iterator[str]:
    """The address of a Prometheus with a history; it is stopped at the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    config, data = folder / "prometheus.yml", folder / "data"
    config.write_text("{}\n")
    data.mkdir()
    if history:
        write_history(history, data)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}",
        f"--web.listen-address={address}", "--storage.tsdb.retention.time=90d", *options,
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_until_ready(f"http://{address}", process, folder / "log")
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"Prometheus is not ready:\n{log.read_text()}")
