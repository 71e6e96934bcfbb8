"""Ports of loopback for the parts of a lab, and whether a server answers there."""

import random
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from lockstep.model.errors import LockstepError

HOST = "127.0.0.1"

_BELOW_OUTGOING = range(20_000, 32_000)
"""Linux gives connections that go out a port from 32,768 on: none of them takes a port of a part
that is stopped for a while."""


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A port for each name that nothing listens on now.

    By chance, so that two labs that start at a time hardly choose the same.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(_BELOW_OUTGOING, len(_BELOW_OUTGOING)):
        if len(found) == len(names):
            return dict(zip(names, found, strict=True))
        if is_free(port):
            found.append(port)
    raise LockstepError("there are not enough free ports on loopback for the lab")


def is_free(port: int) -> bool:
    """Whether a server could listen on a port, of loopback and of every address."""
    for host in (HOST, ""):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((host, port))
            except OSError:
                return False
    return True


def listens(port: int) -> bool:
    """Whether a server takes connections on a port."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=2):
        return True
    return False


def answers(port: int, path: str, tls: ssl.SSLContext | None = None) -> bool:
    """Whether a server answers a GET with 200, over HTTPS where it gives a context."""
    # Not urllib, which would ask a proxy of the environment.
    connection = (
        HTTPSConnection(HOST, port, timeout=5, context=tls)
        if tls
        else HTTPConnection(HOST, port, timeout=5)
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (HTTPException, OSError):
        return False
    finally:
        connection.close()
