"""What of a fleet was live at every moment, in the order in which the API server changed it.

The watches of several kinds come by connections of their own, but their resource versions are the
revisions of one etcd. So their order is known, whatever came first here.
"""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab.kubectl import find_kubectl

Object = Mapping[str, Any]
Key = tuple[str, str, str]
"""Kind, namespace and name."""

KINDS = (
    "applications.argoproj.io", "deployments.apps", "destinationrules.networking.istio.io",
    "virtualservices.networking.istio.io",
)  # fmt: skip
_PATIENCE = 30.0
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object.

    ``revision`` is the API server's number of it, the same sequence for all kinds, and ``seen``
    when it came here (seconds of time.monotonic). ``after`` is the object; None where it has gone.
    """

    revision: int
    seen: float
    key: Key
    after: Object | None


class Recorder:
    """Watches a fleet's objects, from ``with`` to its end, and keeps every change.

    Deployments and routes count by the labels that Lockstep gives them, and Applications too.
    """

    def __init__(self, kubeconfig: Path, selector: str) -> None:
        self._argv = [str(find_kubectl()), f"--kubeconfig={kubeconfig}"]
        self._selector = selector
        self._changes: list[Change] = []
        self._watches: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        self.begun = 0
        """The revision of the newest change that was there before."""

    def __enter__(self) -> Self:
        for kind in KINDS:
            argv = [*self._get(kind), "--watch", "--output-watch-events"]
            watch = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            thread = threading.Thread(target=self._read, args=(watch,), daemon=True)
            thread.start()
            self._watches.append(watch)
            self._threads.append(thread)
        self.catch_up()
        self.begun = max((each.revision for each in self._changes), default=0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.catch_up()
        for watch in self._watches:
            watch.kill()
            watch.wait()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def catch_up(self) -> None:
        """Wait until the changes of all objects that are live now have come; fails where not."""
        wanted = {
            (_key(each), int(each["metadata"]["resourceVersion"]))
            for kind in KINDS
            for each in self._list(kind)
        }
        end = time.monotonic() + _PATIENCE
        while missing := wanted - {(each.key, each.revision) for each in list(self._changes)}:
            assert time.monotonic() < end, f"the watches did not bring {sorted(missing)}"
            assert all(watch.poll() is None for watch in self._watches), "a watch has ended"
            time.sleep(0.1)

    def changes(self) -> list[Change]:
        """All changes so far, in the order in which they were made."""
        return sorted(self._changes, key=lambda each: each.revision)

    def moments(self) -> Iterator[tuple[Change, Mapping[Key, Object]]]:
        """Each change since the beginning, and what was live after it."""
        live: dict[Key, Object] = {}
        for change in self.changes():
            if change.after is None:
                live.pop(change.key, None)
            else:
                live[change.key] = change.after
            if change.revision > self.begun:
                yield change, live

    def _get(self, kind: str) -> list[str]:
        return [
            *self._argv, "get", kind, "--all-namespaces", f"--selector={self._selector}",
            "--output=json",
        ]  # fmt: skip

    def _list(self, kind: str) -> list[Object]:
        done = subprocess.run(self._get(kind), capture_output=True, check=True)
        found: list[Object] = json.loads(done.stdout)["items"]
        return found

    def _read(self, watch: "subprocess.Popen[bytes]") -> None:
        """Take what a watch prints: one JSON object after another."""
        assert watch.stdout
        text, decoder = "", json.JSONDecoder()
        # Not by line: kubectl writes an object over many, and the last one must not wait.
        while block := os.read(watch.stdout.fileno(), _BLOCK):
            text += block.decode()
            while text := text.lstrip():
                try:
                    event, end = decoder.raw_decode(text)
                except ValueError:
                    break  # the rest of it is under way
                text = text[end:]
                self._keep(event)

    def _keep(self, event: Mapping[str, Any]) -> None:
        found = event["object"]
        gone = event["type"] == "DELETED" or "deletionTimestamp" in found["metadata"]
        number = int(found["metadata"]["resourceVersion"])
        after = None if gone else found
        self._changes.append(Change(number, time.monotonic(), _key(found), after))


def _key(found: Object) -> Key:
    meta = found["metadata"]
    return found["kind"], meta.get("namespace", ""), meta["name"]


def unserved(live: Mapping[Key, Object]) -> list[str]:
    """What has traffic but not the pods for it, or not the subset, in one moment.

    A Deployment that is being deleted has gone, and one that has fewer ready pods than it declares
    is not there for the traffic either.
    """
    problems = []
    for (kind, namespace, name), route in live.items():
        if kind != "VirtualService":
            continue
        subsets = {
            (each["host"], subset["name"])
            for (kind, _, _), rule in live.items()
            if kind == "DestinationRule"
            for each in (rule["spec"],)
            for subset in each.get("subsets", ())
        }
        for host, subset, weight in weighted(route):
            where = f"{name} sends {weight} % to {subset}"
            if (host, subset) not in subsets:
                problems.append(f"{where}, which no DestinationRule has")
            deployment = live.get(("Deployment", namespace, f"{name}-{subset}"))
            if deployment is None:
                problems.append(f"{where}, which has no Deployment")
                continue
            ready = deployment.get("status", {}).get("readyReplicas", 0)
            wanted = deployment["spec"]["replicas"]
            if ready < max(wanted, 1):
                problems.append(f"{where}, which has {ready} of {wanted} pods ready")
    return problems


def weighted(route: Object) -> list[tuple[str, str, int]]:
    """Host, subset and weight of what a VirtualService sends traffic to."""
    found = []
    for rule in route["spec"].get("http", ()):
        for each in rule.get("route", ()):
            weight = each.get("weight", 0) if len(rule["route"]) > 1 else 100
            if weight:
                to = each["destination"]
                found.append((to["host"], to.get("subset", ""), weight))
    return found
