"""The process that a lab belongs to: starts its parts, takes orders, and ends with all of them.

``python -m tests.lab.supervisor FOLDER [PARENT]`` writes one line of JSON to stdout: that the lab
is up, or why not. With PARENT, the id of the process that started it, it ends when that one does.
Killed itself, its parts are ended by the kernel (see lockstep.edges.process.start).
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lockstep.edges import process
from lockstep.model.errors import LockstepError
from tests.lab.argocd_api import account_token, admin_token
from tests.lab.certificates import make_certificates
from tests.lab.control import Orders
from tests.lab.kubectl import run_kubectl
from tests.lab.layout import PROGRAMS, Layout, clear, definitions, program
from tests.lab.parts import CLIENTS, PORTS, STORES, Part, base_environment, parts, prepare_argocd
from tests.lab.ports import free_ports
from tests.lab.settings import ACCOUNT, first_objects, write_settings
from tests.lab.state import keep_state, kept_state

_START_PATIENCE = 180.0
_STOP_PATIENCE = 5.0
_END_PATIENCE = 20.0
_POLL = 0.05
_TRIES = 3
"""How often other ports are chosen where some other program took one before a part could."""
_UNCHECKED = ("--server-side", "--validate=false", "--filename")
"""The API server checks what it is given; without this kubectl would first load all its schemas."""

Child = subprocess.Popen[bytes]


class Stopped(Exception):
    """The lab is to end while it comes up."""


class Supervisor:
    """The parts of one lab. All is done in the main thread, whose end the kernel watches."""

    def __init__(self, layout: Layout, parent: int | None) -> None:
        self._layout = layout
        self._parent = parent
        self._children: dict[str, Child] = {}
        self._paused: set[str] = set()
        self._parts: dict[str, Part] = {}
        self._ended = False
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._end)

    def come_up(self) -> None:
        """Start everything, with other ports where one was taken meanwhile.

        Raises LockstepError, which names the log of the part that failed.
        """
        for left in reversed(range(_TRIES)):
            try:
                self._come_up()
                return
            except LockstepError as error:
                if not (left and self._lacks_port()):
                    raise
                print(f"{error.message}\nIt starts over with other ports.", file=sys.stderr)
            self.stop_all()

    def _come_up(self) -> None:
        layout = self._layout
        wanted = definitions()
        for name in PROGRAMS:
            program(name)
        clear(layout)
        ports = free_ports(PORTS)
        make_certificates(layout)
        write_settings(layout, ports)
        prepare_argocd(layout)
        self._parts = parts(layout, ports)
        self._start("redis", "git", "argocd-repo-server")
        self._start_kubernetes(wanted)
        self._start("controllers", "scheduler", "kwok")
        objects = {"apiVersion": "v1", "kind": "List", "items": first_objects()}
        self._kubectl(
            "apply", "--server-side", "--validate=false", "-f", "-", given=json.dumps(objects)
        )
        self._start("argocd-controller", "argocd-server")
        self._wait(*self._parts)
        self._wait_for_all("nodes", "Ready", "kwok")
        self._make_tokens(ports["argocd-server"])
        # What has answered may be another lab.
        self._raise_if_one_ended()
        facts = {"supervisor": os.getpid(), "ports": ports}
        layout.facts.write_text(json.dumps(facts, indent=2) + "\n")

    def serve(self, orders: Orders) -> None:
        """Take orders until one of them, a signal or the end of the parent says to end."""
        while not self._is_over():
            orders.take(self._carry_out, 0.5)

    def stop_all(self) -> None:
        """End all parts, those first that are clients of others: so that none waits for another."""
        self._layout.facts.unlink(missing_ok=True)
        for layer in range(CLIENTS, STORES - 1, -1):
            self._stop(*(n for n in self._children if self._parts[n].layer == layer))

    def _start_kubernetes(self, wanted: Path) -> None:
        """Start the API server with the definitions in place; the first lab of all applies them."""
        state, data = kept_state(wanted), self._layout.etcd
        if state.is_dir():
            shutil.copytree(state, data)
        self._start_in_order("etcd", "kubernetes")
        if not state.is_dir():
            self._kubectl("apply", *_UNCHECKED, str(wanted))
            self._wait_for_all("crd", "Established", "kubernetes")
            self._stop("kubernetes")
            self._stop("etcd")
            keep_state(data, state)
            self._start_in_order("etcd", "kubernetes")

    def _start_in_order(self, *names: str) -> None:
        for name in names:
            self._start(name)
            self._wait(name)

    def _wait_for_all(self, kind: str, condition: str, part: str) -> None:
        """Wait until all objects of a kind have a condition, which a part gives them."""

        def have_it() -> bool:
            found = json.loads(self._kubectl("get", kind, "--output=json"))["items"]
            return all(_is_true(each, condition) for each in found)

        # Not kubectl wait, which fails for an object that has no conditions yet.
        self._wait_until(have_it, part, self._deadline())

    def _make_tokens(self, port: int) -> None:
        password = self._kubectl(
            "get", "secret", "argocd-initial-admin-secret", "--namespace=argocd",
            "--output=go-template={{.data.password | base64decode}}",
        )  # fmt: skip
        admin = admin_token(port, password)
        self._layout.write_secret("argocd-admin.password", password)
        self._layout.write_secret("argocd-admin.token", admin)
        self._layout.write_secret("argocd.token", account_token(port, admin, ACCOUNT))

    def _kubectl(self, *args: str, given: str | None = None) -> str:
        self._raise_if_over()
        return run_kubectl(self._layout.kubeconfig, *args, given=given)

    def _start(self, *names: str) -> None:
        for name in names:
            part, log = self._parts[name], self._layout.log(name)
            if log.exists():
                log.replace(log.with_suffix(".earlier.log"))
            environment = {**base_environment(self._layout), **part.environment}
            self._children[name] = process.start(
                part.argv, cwd=self._layout.home, env=environment, stderr=log
            )

    def _wait(self, *names: str) -> None:
        deadline = self._deadline()
        for name in names:
            self._wait_until(self._parts[name].ready, name, deadline)

    @staticmethod
    def _deadline() -> float:
        return time.monotonic() + _START_PATIENCE

    def _wait_until(self, ready: Callable[[], bool], name: str, deadline: float) -> None:
        while not ready():
            self._raise_if_over()
            self._raise_if_one_ended()
            if time.monotonic() > deadline:
                raise self._failed(name, f"is not ready after {_START_PATIENCE:.0f} seconds")
            time.sleep(_POLL)

    def _raise_if_one_ended(self) -> None:
        for name in self._ended_parts():
            raise self._failed(name, self._state(name))

    def _lacks_port(self) -> bool:
        """Whether a part has ended, or soon ends, because another program listens on its port.

        That program may have answered in its place, before the part itself has tried to listen.
        """
        deadline = time.monotonic() + _END_PATIENCE
        while not (ended := self._ended_parts()) and time.monotonic() < deadline:
            self._raise_if_over()
            time.sleep(_POLL)
        logs = [self._layout.log(name).read_text(errors="replace") for name in ended]
        return any("address already in use" in log.lower() for log in logs)

    def _ended_parts(self) -> list[str]:
        return [name for name, child in self._children.items() if child.poll() is not None]

    def _failed(self, name: str, what: str) -> LockstepError:
        log = self._layout.log(name)
        last = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
        return LockstepError(f"{name} {what}: {' / '.join(last)}", where=str(log))

    def _stop(self, *names: str) -> None:
        stopped = [self._children[name] for name in names]
        for name, child in zip(names, stopped, strict=True):
            if name in self._paused:
                child.send_signal(signal.SIGCONT)
            child.terminate()
        deadline = time.monotonic() + _STOP_PATIENCE
        for name, child in zip(names, stopped, strict=True):
            process.stop(child, patience=max(0.1, deadline - time.monotonic()))
            self._children.pop(name)
            self._paused.discard(name)

    def _carry_out(self, order: str, name: str | None) -> Any:
        if order == "status":
            return {each: self._state(each) for each in self._parts}
        if order == "down":
            self.stop_all()
            self._ended = True
            return "stopped"
        if name is None or name not in self._parts:
            raise LockstepError(f"the lab has no part {name}", fix=", ".join(self._parts))
        if order == "start":
            if name not in self._children:
                self._start(name)
                self._wait(name)
        elif name not in self._children:
            raise LockstepError(f"{name} is not running")
        elif order == "stop":
            self._stop(name)
        elif order == "pause":
            self._children[name].send_signal(signal.SIGSTOP)
            self._paused.add(name)
        elif order == "resume":
            self._children[name].send_signal(signal.SIGCONT)
            self._paused.discard(name)
        else:
            raise LockstepError(f"the lab takes no order {order}")
        return self._state(name)

    def _state(self, name: str) -> str:
        child = self._children.get(name)
        if child is None:
            return "stopped"
        if child.poll() is not None:
            return f"ended with status {child.returncode}"
        return "paused" if name in self._paused else "running"

    def _end(self, *_: object) -> None:
        self._ended = True

    def _is_over(self) -> bool:
        return self._ended or self._parent not in (None, os.getppid())

    def _raise_if_over(self) -> None:
        if self._is_over():
            raise Stopped


def main(folder: str, parent: str | None = None) -> int:
    """Run one lab to its end; 1 where it did not come up."""
    layout = Layout(Path(folder))
    with layout.mark.open("a") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        supervisor = Supervisor(layout, int(parent) if parent else None)
        try:
            supervisor.come_up()
            orders = Orders(layout.control)
            _report({})
            supervisor.serve(orders)
            orders.close()
        except Stopped:
            return 1
        except LockstepError as error:
            supervisor.stop_all()
            _report({"error": str(error), "where": error.where, "fix": error.fix})
            return 1
        finally:
            supervisor.stop_all()
    return 0


def _is_true(found: dict[str, Any], condition: str) -> bool:
    conditions = found.get("status", {}).get("conditions") or []
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def _report(what: dict[str, Any]) -> None:
    """The line that the starter waits for; after it nobody reads stdout."""
    os.write(1, json.dumps(what).encode() + b"\n")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
