"""A running lab as its users see it, and how one is started and stopped."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockstep.edges import process
from lockstep.model.errors import LockstepError
from tests.lab.control import ask
from tests.lab.kubeconfig import add_context
from tests.lab.kubectl import run_kubectl
from tests.lab.layout import REPOSITORY, Layout, make_layout
from tests.lab.ports import HOST
from tests.lab.settings import cluster_secret

_STOP_PATIENCE = 60.0


class AlreadyRunning(LockstepError):
    """There is a lab in this folder, which is left as it is."""


@dataclass(frozen=True)
class Lab:
    """A lab that is up: Kubernetes with fake nodes, Argo CD and a git server, all on loopback."""

    folder: Path
    kubeconfig: Path
    """With administrator's rights; contexts ``in-cluster`` and those of ``add_destination``."""
    kubernetes: str
    """The address of the API server."""
    argocd_server: str
    """The address of Argo CD's API, over HTTP."""
    argocd_token: str = field(repr=False)
    """Of an account that may only read applications and projects."""
    git_url: str
    """The address of the git server, over HTTPS."""
    authority: Path
    """The certificate of the authority that signs those of Kubernetes and the git server."""
    reader_token: Path
    """A file with the token of a Kubernetes user who may read everything and change nothing."""

    def kubectl(self, *args: str, input: str | None = None, context: str | None = None) -> str:
        """What a command of kubectl says; raises LockstepError where it fails."""
        return run_kubectl(self.kubeconfig, *args, given=input, context=context)

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create or change objects, as an administrator."""
        manifest = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(manifest))

    def add_destination(self, name: str) -> None:
        """Let Argo CD and the kubeconfig know a cluster by this name; all are the lab's one."""
        settings = {
            "bearerToken": self._layout.secret("admin.token"),
            "tlsClientConfig": {"caData": b64encode(self.authority.read_bytes()).decode()},
        }
        # Argo CD tells clusters apart by their address; clients leave the query out of theirs.
        server = f"{self.kubernetes}?destination={name}"
        self.apply(cluster_secret(name, server, json.dumps(settings)))
        add_context(self.kubeconfig, name)

    def remove_destination(self, name: str) -> None:
        """Let Argo CD forget a cluster. Its context stays: it is a name for the same cluster."""
        self.kubectl(
            "delete", "secret", f"destination-{name}", "--namespace=argocd", "--ignore-not-found"
        )

    def add_repository(self, name: str) -> tuple[Path, str]:
        """A new bare repository: its path, and its address, from which all may read and push.

        One of that name that was there before is removed.

        git trusts the address with GIT_SSL_CAINFO (see ``git_environment``); Argo CD does already.
        """
        path = self._layout.repositories / f"{name}.git"
        shutil.rmtree(path, ignore_errors=True)
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
        self._git("--git-dir", str(path), "config", "http.receivepack", "true")
        return path, f"{self.git_url}/{name}.git"

    def git_environment(self) -> dict[str, str]:
        """The variables with which git trusts the lab's git server."""
        return {"GIT_SSL_CAINFO": str(self.authority)}

    def admin_token(self) -> str:
        """A token of Argo CD's administrator."""
        return self._layout.secret("argocd-admin.token")

    def status(self) -> dict[str, str]:
        """What each part does: running, paused, stopped, or ended with a status."""
        answer: dict[str, str] = ask(self._layout.control, "status")
        return answer

    def pause(self, part: str) -> None:
        """Let a part do nothing for a while; its connections stay."""
        ask(self._layout.control, "pause", part)

    def resume(self, part: str) -> None:
        """Let a paused part go on."""
        ask(self._layout.control, "resume", part)

    def stop(self, part: str) -> None:
        """End a part."""
        ask(self._layout.control, "stop", part)

    def start(self, part: str) -> None:
        """Start a part that was stopped, and wait until it is ready."""
        ask(self._layout.control, "start", part)

    def log(self, part: str) -> Path:
        """The file that a part writes its log to."""
        return self._layout.log(part)

    def is_unused(self) -> bool:
        """Whether nothing was put into it yet: no repository, destination or Application."""
        kinds = ("applications", "secrets --selector=argocd.argoproj.io/secret-type=cluster")
        put = [
            self.kubectl("get", *kind.split(), "--namespace=argocd", "--output=name")
            for kind in kinds
        ]
        return not any((*put, *self._layout.repositories.iterdir()))

    def _git(self, *args: str) -> None:
        done = process.run(["git", *args])
        if done.returncode != 0:
            raise LockstepError(f"git {args[0]} failed: {done.error_text}")

    @property
    def _layout(self) -> Layout:
        return Layout(self.folder)


def start(folder: Path, *, attached: bool = True) -> Lab:
    """Start a lab in a new or empty folder, or one that had a lab, and wait until it is up.

    An attached lab ends with this process, however that ends; another one stays until ``stop``.
    Raises AlreadyRunning, and LockstepError where it does not come up; then nothing is left of it.
    """
    layout = make_layout(folder)
    if _is_locked(layout):
        raise AlreadyRunning("a lab runs here already", where=str(layout.folder))
    argv = [sys.executable, "-m", "tests.lab.supervisor", str(layout.folder)]
    argv += [str(os.getpid())] if attached else []
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with layout.own_log.open("wb") as log:
        supervisor = subprocess.Popen(
            argv, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip
    assert supervisor.stdout
    with supervisor.stdout:
        line = supervisor.stdout.readline()
    report = json.loads(line) if line else {"error": "its supervisor ended"}
    if "error" in report:
        supervisor.wait(_STOP_PATIENCE)
        raise LockstepError(
            f"the lab did not come up: {report['error']}",
            where=report.get("where") or str(layout.own_log),
            fix=report.get("fix", ""),
        )
    _SUPERVISORS[layout.folder] = supervisor
    found = running(layout.folder)
    assert found
    return found


_SUPERVISORS: dict[Path, "subprocess.Popen[bytes]"] = {}
"""Of the labs that this process has started: waited for, so that they do not stay as zombies."""


def running(folder: Path) -> Lab | None:
    """The lab that is up in a folder; None where there is none."""
    layout = Layout(folder.resolve())
    if not layout.mark.is_file() or not _is_locked(layout) or not layout.facts.is_file():
        return None
    ports = json.loads(layout.facts.read_text())["ports"]
    return Lab(
        folder=layout.folder,
        kubeconfig=layout.kubeconfig,
        kubernetes=f"https://{HOST}:{ports['kubernetes']}",
        argocd_server=f"http://{HOST}:{ports['argocd-server']}",
        argocd_token=layout.secret("argocd.token"),
        git_url=f"https://localhost:{ports['git']}",
        authority=layout.authority,
        reader_token=layout.secrets / "reader.token",
    )


def stop(lab: Lab) -> None:
    """Stop a lab, and wait until all its processes have ended and its ports are free."""
    layout = Layout(lab.folder)
    # Not only until its lock is free: the process takes a moment more.
    supervisor = os.pidfd_open(json.loads(layout.facts.read_text())["supervisor"])
    try:
        ask(layout.control, "down")
        if not select.select([supervisor], [], [], _STOP_PATIENCE)[0]:
            raise LockstepError("the lab does not end", where=str(layout.own_log))
    finally:
        os.close(supervisor)
    if child := _SUPERVISORS.pop(layout.folder, None):
        child.wait(_STOP_PATIENCE)


def _is_locked(layout: Layout) -> bool:
    """Whether the supervisor of a lab is alive: it holds a lock for as long as it is."""
    with layout.mark.open("a") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
