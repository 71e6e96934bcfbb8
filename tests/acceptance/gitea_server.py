"""A real Gitea on loopback, for the tests of a session: users, tokens, repositories, protection."""

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "bin"
PROGRAM = TOOLS / "gitea"

needs_gitea = pytest.mark.skipif(not PROGRAM.is_file(), reason="no Gitea; make tools/bin/gitea")

SCOPES = ("write:repository", "write:issue", "read:user")
"""What the documentation gives the token of a bot."""

CONFIG = """\
APP_NAME = Test
RUN_MODE = prod
# A repository of this server holds nothing but what a test wrote; tests may run as root.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {folder}

[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = {assets}
LFS_START_SERVER = false

[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db

[repository]
ROOT = {folder}/repositories
DEFAULT_BRANCH = main

[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
INTERNAL_TOKEN = {internal}
PASSWORD_COMPLEXITY = off
PASSWORD_HASH_ALGO = pbkdf2

[oauth2]
ENABLED = false

[service]
DISABLE_REGISTRATION = true
REQUIRE_SIGNIN_VIEW = false

[picture]
DISABLE_GRAVATAR = true

[indexer]
ISSUE_INDEXER_TYPE = db

# Short, so that a few pull requests are several pages.
[api]
MAX_RESPONSE_ITEMS = 4

[actions]
ENABLED = false

[packages]
ENABLED = false

[cron.update_checker]
ENABLED = false

[log]
MODE = console
LEVEL = warn
"""


@dataclass(frozen=True)
class Account:
    """A user of the server, with a token."""

    name: str
    token: str


class Gitea:
    """A running server: its ``url`` and the ``admin``."""

    def __init__(self, url: str, folder: Path, password: str) -> None:
        self.url = url
        self.folder = folder
        self._password = password
        self._askpass = folder / "askpass"
        self._askpass.write_text(
            '#!/bin/sh\ncase "$1" in Username*) echo "$GITEA_USER";; *) echo "$GITEA_PUSH";; esac\n'
        )
        self._askpass.chmod(0o755)
        self.admin = Account("root-admin", self._token("root-admin", ("all",)))

    def api(self, method: str, path: str, account: Account | None = None, **body: Any) -> Any:
        """The JSON of an answer to a request as an account (by default the admin)."""
        token = (account or self.admin).token
        return self._ask(method, path, f"token {token}", body or None)

    def create_user(self, name: str, scopes: Sequence[str] = SCOPES) -> Account:
        """A user who is no administrator, with a token of these scopes."""
        self.api(
            "POST", "/admin/users", username=name, email=f"{name}@example.com",
            password=secrets.token_hex(16), must_change_password=False,
        )  # fmt: skip
        return self.another_token(name, scopes)

    def another_token(self, name: str, scopes: Sequence[str] = SCOPES) -> Account:
        """The user with one more token, of other scopes."""
        return Account(name, self._token(name, scopes))

    def create_repository(self, owner: Account, name: str, *, private: bool = False) -> str:
        """An empty repository; ``owner/name``."""
        self.api("POST", f"/admin/users/{owner.name}/repos", name=name, private=private)
        return f"{owner.name}/{name}"

    def collaborate(self, repository: str, account: Account, permission: str = "write") -> None:
        """Give an account ``read``, ``write`` or ``admin`` in a repository of another one."""
        self.api("PUT", f"/repos/{repository}/collaborators/{account.name}", permission=permission)

    def clone_url(self, repository: str) -> str:
        """The address for git; it holds no token (see git_environment)."""
        return f"{self.url}/{repository}.git"

    def git_environment(self, account: Account) -> dict[str, str]:
        """Variables with which git signs in as an account."""
        return {
            "GIT_ASKPASS": str(self._askpass), "GIT_TERMINAL_PROMPT": "0",
            "GITEA_USER": account.name, "GITEA_PUSH": account.token,
        }  # fmt: skip

    def wait_for_push(self, repository: str) -> None:
        """Wait until the server knows of the first push: before, it has no pull requests."""
        for _ in range(300):
            if not self.api("GET", f"/repos/{repository}")["empty"]:
                return
            time.sleep(0.1)
        raise AssertionError(f"{repository} stays empty:\n{(self.folder / 'log').read_text()}")

    def protect(
        self,
        repository: str,
        branch: str = "main",
        *,
        statuses: Sequence[str] = (),
        approvals: int = 0,
        pushers: Sequence[Account] | None = (),
    ) -> None:
        """Protect a branch: only ``pushers`` may push to it (None: everybody who may write)."""
        names = [each.name for each in pushers or ()]
        self.api(
            "POST", f"/repos/{repository}/branch_protections", rule_name=branch,
            enable_push=pushers is None or bool(names), enable_push_whitelist=bool(names),
            push_whitelist_usernames=names, enable_status_check=bool(statuses),
            status_check_contexts=list(statuses), required_approvals=approvals,
        )  # fmt: skip

    def _token(self, name: str, scopes: Sequence[str]) -> str:
        basic = b64encode(f"root-admin:{self._password}".encode()).decode()
        body = {"name": secrets.token_hex(6), "scopes": list(scopes)}
        made = self._ask("POST", f"/users/{name}/tokens", f"Basic {basic}", body)
        return str(made["sha1"])

    def _ask(self, method: str, path: str, signed: str, body: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}", json.dumps(body).encode() if body else None, method=method,
            headers={"Authorization": signed, "Content-Type": "application/json"},
        )  # fmt: skip
        for _ in range(50):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    said = answer.read()
                return json.loads(said) if said else None
            except urllib.error.HTTPError as error:
                refused = f"{method} {path}: {error.code} {error.read()!r}"
                # SQLite's answer while another request writes; nothing of this one was written.
                if "is locked" not in refused:
                    break
                time.sleep(0.1)
        raise AssertionError(refused)


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """One server for all tests of a process; each makes users and repositories of its own."""
    folder = tmp_path_factory.mktemp("gitea")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "app.ini"
    config.write_text(
        CONFIG.format(
            folder=folder, port=port, assets=TOOLS / "gitea-assets",
            secret=secrets.token_hex(32), internal=secrets.token_hex(32),
        )
    )  # fmt: skip
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "USER": os.environ.get("USER", "root"),
        "GITEA_WORK_DIR": str(folder),
    }  # fmt: skip
    command = [str(PROGRAM), "--config", str(config)]
    password = secrets.token_hex(16)
    _run([*command, "migrate"], environment)
    _run([*command, "admin", "user", "create", "--admin", "--username", "root-admin", "--email",
          "admin@example.com", "--must-change-password=false", "--password", password],
         environment)  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "web"], env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", process, folder / "log")
        yield Gitea(f"http://127.0.0.1:{port}", folder, password)
    finally:
        process.terminate()
        process.wait(60)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(1200):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/api/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"Gitea is not ready:\n{log.read_text()}")
