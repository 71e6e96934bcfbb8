"""The few requests to Argo CD's API that give a lab its tokens."""

import json
from http.client import HTTPConnection
from typing import Any

from lockstep.model.errors import LockstepError
from tests.lab.ports import HOST


def admin_token(port: int, password: str) -> str:
    """A token with all rights, for a day."""
    body = {"username": "admin", "password": password}
    return str(_post(port, "/api/v1/session", body)["token"])


def account_token(port: int, admin: str, account: str) -> str:
    """A token of an account, which does not end."""
    return str(_post(port, f"/api/v1/account/{account}/token", {}, admin)["token"])


def _post(port: int, path: str, body: dict[str, Any], token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise LockstepError(f"Argo CD answered {answer.status} to POST {path}: {text[:500]}")
    return json.loads(text)
