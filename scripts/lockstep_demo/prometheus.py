"""A real Prometheus on loopback, with a history that was written for it."""

import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from lockstep.edges import process
from lockstep.model.errors import LockstepError

Samples = Sequence[tuple[datetime, float]]
History = Mapping[str, Samples]
"""Samples by series, as ``name{label="value"}``."""

MISSING = "there is no prometheus with its promtool on this machine"
HOW_TO_GET_IT = "on Debian make tools/bin/prometheus, elsewhere put both programs on PATH"

_BUILT = Path(__file__).resolve().parents[2] / "tools" / "bin"
_HOST = "127.0.0.1"
_START_TIMEOUT = 60.0
_WRITE_TIMEOUT = 120.0
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Programs:
    """The two programs of one Prometheus: the server, and promtool."""

    server: Path
    promtool: Path


def find_prometheus(built: Path = _BUILT) -> Programs | None:
    """The programs on PATH, or else those that make has put into ``built``; None without them."""
    for path in (os.environ.get("PATH", os.defpath), str(built)):
        server, promtool = (shutil.which(name, path=path) for name in ("prometheus", "promtool"))
        if server and promtool:
            return Programs(Path(server).absolute(), Path(promtool).absolute())
    return None


def free_port() -> int:
    """A port of loopback that is free now."""
    with socket.socket() as found:
        found.bind((_HOST, 0))
        return int(found.getsockname()[1])


def write_history(programs: Programs, history: History, folder: Path) -> None:
    """Write a data folder that holds exactly these samples. Raises LockstepError if that fails."""
    text = folder.parent / f"{folder.name}.om"
    lines = [
        f"{series} {value!r} {moment.timestamp():.3f}"
        for series, samples in sorted(history.items())
        for moment, value in samples
    ]
    text.write_text("\n".join([*lines, "# EOF", ""]))
    made = process.run(
        [str(programs.promtool), "tsdb", "create-blocks-from", "openmetrics", str(text),
         str(folder)],
        timeout=_WRITE_TIMEOUT,
    )  # fmt: skip
    if made.returncode != 0:
        raise LockstepError(f"promtool could not write {folder}: {made.output_text}")


@contextmanager
def serving(
    programs: Programs, history: History, folder: Path, *options: str, port: int = 0
) -> Iterator[str]:
    """The address of a Prometheus with a history; it is stopped at the end of the block.

    ``folder`` is new, and keeps the data and the log. ``port`` 0 takes one that is free. Raises
    LockstepError if the server does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config, data, log = (folder / name for name in ("prometheus.yml", "data", "log"))
    config.write_text("{}\n")
    data.mkdir()
    if history:
        write_history(programs, history, data)
    port = port or free_port()
    child = process.start(
        [str(programs.server), f"--config.file={config}", f"--storage.tsdb.path={data}",
         f"--web.listen-address={_HOST}:{port}", "--storage.tsdb.retention.time=90d", *options],
        stderr=log,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _START_TIMEOUT
        while not _is_ready(port):
            if child.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip()
                raise LockstepError(f"Prometheus does not start:\n{said}", where=str(log))
            time.sleep(_POLL)
        yield f"http://{_HOST}:{port}"
    finally:
        process.stop(child, patience=20)


def _is_ready(port: int) -> bool:
    # Not urllib, which would ask a proxy of the environment.
    connection = HTTPConnection(_HOST, port, timeout=5)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (HTTPException, OSError):
        return False
    finally:
        connection.close()
