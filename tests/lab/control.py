"""The socket on which a supervisor takes orders: one line of JSON each way.

It is in the lab's folder, which only the user may enter. Its path goes through /proc, because the
name of a socket may have 107 bytes only.
"""

import json
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lockstep.model.errors import LockstepError

_PATIENCE = 120.0


def ask(path: Path, order: str, part: str | None = None) -> Any:
    """The answer to an order. Raises LockstepError where it was refused or nothing answers."""
    with socket.socket(socket.AF_UNIX) as connection, _short(path) as name:
        connection.settimeout(_PATIENCE)
        try:
            connection.connect(name)
            connection.sendall(json.dumps({"order": order, "part": part}).encode() + b"\n")
            line = connection.makefile("rb").readline()
        except OSError as error:
            raise LockstepError(
                f"the lab does not answer: {error.strerror or error}", where=str(path)
            ) from error
    answer = json.loads(line or b'{"error": "the lab has ended"}')
    if "error" in answer:
        raise LockstepError(answer["error"])
    return answer["answer"]


class Orders:
    """The supervisor's end of the socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        path.unlink(missing_ok=True)
        with _short(path) as name:
            self._socket.bind(name)
        self._socket.listen()

    def take(self, carry_out: Callable[[str, str | None], Any], patience: float) -> None:
        """Carry out one order, where one comes within ``patience`` seconds."""
        if not select.select([self._socket], [], [], patience)[0]:
            return
        connection, _ = self._socket.accept()
        # A client that hangs up, or sends something else, is no reason to end the lab.
        with connection, suppress(OSError, ValueError, KeyError):
            connection.settimeout(5)
            order = json.loads(connection.makefile("rb").readline(10_000))
            try:
                answer = {"answer": carry_out(order["order"], order["part"])}
            except LockstepError as error:
                answer = {"error": str(error)}
            connection.sendall(json.dumps(answer).encode() + b"\n")

    def close(self) -> None:
        """Take no more orders."""
        self._socket.close()


@contextmanager
def _short(path: Path) -> Iterator[str]:
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
