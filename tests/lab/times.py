"""Measures how long a decision takes to arrive: ``python -m tests.lab.times [RUNS] [LAB]``.

In the lab that ``make lab`` has started, or in the one in the folder LAB. Each run rolls a version
out to all traffic in the first region, and into the second one, where its pods wait; then a gate
fails, and ``lockstep advance`` finds that. Measured are the whole program until the commit is
pushed, and from there what the API server says. In every second run Argo CD gets notice
of each push, as by a webhook; otherwise it polls.

The time of a step is that of the last move in the first region. The rollback's is measured in the
first region, where nothing runs, and in the second, whose sync of the step before still runs: its
pods start when the rollback is pushed.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lockstep.edges import clock
from tests.acceptance.world import World
from tests.lab import Lab, running
from tests.lab.applications import is_settled
from tests.lab.fleet import LabFleet
from tests.lab.layout import DEFAULT_FOLDER
from tests.lab.recorder import Change, Recorder, weighted
from tests.lab.rolling import EU, US, advance, create_fleet, waits_for_pods

ENVIRONMENT = "times"
FAMILY = f"{ENVIRONMENT}/scoring"
_PATIENCE = 300.0
_GOOD, _BAD = 0.9, 0.1

Seconds = dict[tuple[str, str], list[float]]
"""What was measured, by how Argo CD learns of a push and by the name of the row."""


def main() -> None:
    """Measure, and print a table: also of the runs before one that fails."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    lab = running(Path(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_FOLDER)
    if lab is None:
        sys.exit("no lab is running: make lab")
    with tempfile.TemporaryDirectory(prefix="lockstep-times-") as folder:
        fleet = create_fleet(lab, ENVIRONMENT, Path(folder))
        seconds: Seconds = defaultdict(list)
        try:
            fleet.apply_root()
            fleet.wait_synced()
            for number in range(runs):
                webhook = number % 2 == 0
                _measure(fleet, World(Path(folder)), webhook, seconds)
                print(f"run {number + 1} of {runs}", file=sys.stderr, flush=True)
        finally:
            Console().print(_table(seconds))
            fleet.remove()


def _measure(fleet: LabFleet, world: World, webhook: bool, seconds: Seconds) -> None:
    """One rollout and its rollback."""
    how = "webhook" if webhook else "polling"
    _measure_metric(world, _GOOD)
    fleet.merge_proposal("2")
    advance(fleet)
    fleet.wait_synced()
    with Recorder(fleet.lab.kubeconfig, fleet.selector) as recorder:
        begun, pushed = _decide(fleet)
        if webhook:
            fleet.refresh()
        seconds[how, "step: decided and pushed"].append(pushed - begun)
        moved = _wait(recorder, pushed, _has_weights(US, {"v2": 100}))
        seconds[how, "step: pushed to traffic moved"].append(moved - pushed)
        settled = _wait(recorder, pushed, _is_settled(US, fleet.tip()))
        seconds[how, "step: pushed to synced and healthy"].append(settled - pushed)
    fleet.wait_synced()
    with _paused_scheduler(fleet.lab) as let_go:
        advance(fleet)
        fleet.refresh()
        waits_for_pods(fleet, EU, fleet.tip())
        _measure_metric(world, _BAD)
        with Recorder(fleet.lab.kubeconfig, fleet.selector) as recorder:
            begun, pushed = _decide(fleet)
            let_go()
            if webhook:
                fleet.refresh()
            seconds[how, "rollback: bad evidence to pushed"].append(pushed - begun)
            for cluster, state in ((US, "idle"), (EU, "in the middle of a sync")):
                rows = {
                    "traffic moved": _has_weights(cluster, {"v1": 100}),
                    "candidate gone": _is_gone(cluster, "v2"),
                    "synced and healthy": _is_settled(cluster, fleet.tip()),
                }
                for row, true in rows.items():
                    if (cluster, row) == (EU, "traffic moved"):
                        continue  # no traffic had come
                    at = _wait(recorder, pushed, true)
                    seconds[how, f"rollback, {state}: pushed to {row}"].append(at - pushed)
    fleet.wait_synced()
    fleet.must("release", FAMILY, "2", "--reason", "to be measured again")


def _measure_metric(world: World, value: float) -> None:
    """What the registry holds of the version that rolls out."""
    world.measure("2", value, at=clock.now().isoformat())


def _decide(fleet: LabFleet) -> tuple[float, float]:
    """Run ``lockstep advance`` as a program that moves the family: when it began, and pushed."""
    # The step before has baked for its second by then.
    time.sleep(2)
    main = fleet.bare / "refs" / "heads" / "main"
    before = main.read_text()
    pushed: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not pushed and not done.wait(0.01):
            if main.read_text() != before:
                pushed.append(time.monotonic())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    begun = time.monotonic()
    argv = [sys.executable, "-m", "lockstep", "advance", FAMILY, "--root", str(fleet.clone)]
    made = subprocess.run(
        [*argv, "--registry-uri", str(fleet.registry)], capture_output=True, text=True, check=False
    )
    time.sleep(0.05)
    done.set()
    thread.join()
    if not pushed:
        sys.exit(f"advance has moved nothing: exit {made.returncode}\n{made.stdout}{made.stderr}")
    return begun, pushed[0]


@contextmanager
def _paused_scheduler(lab: Lab) -> Iterator[Callable[[], None]]:
    """Until what it gives is called, no new pod starts."""
    lab.pause("scheduler")
    try:
        yield lambda: lab.resume("scheduler")
    finally:
        lab.resume("scheduler")


def _wait(recorder: Recorder, since: float, true: Callable[[Change], bool]) -> float:
    """When the first change since then came that is so, as monotonic seconds."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        for change in recorder.changes():
            if change.seen >= since and true(change):
                return change.seen
        time.sleep(0.1)
    sys.exit(f"not so after {_PATIENCE:.0f} s")


def _has_weights(cluster: str, wanted: Mapping[str, int]) -> Callable[[Change], bool]:
    def true(change: Change) -> bool:
        if change.after is None or (change.key[0], change.key[2]) != ("VirtualService", cluster):
            return False
        return {subset: weight for _, subset, weight in weighted(change.after)} == wanted

    return true


def _is_gone(cluster: str, slug: str) -> Callable[[Change], bool]:
    return lambda change: (
        change.after is None
        and (change.key[0], change.key[2]) == ("Deployment", f"{cluster}-{slug}")
    )


def _is_settled(cluster: str, commit: str) -> Callable[[Change], bool]:
    name = f"{ENVIRONMENT}-{cluster}"
    return lambda change: bool(
        change.after
        and (change.key[0], change.key[2]) == ("Application", name)
        and is_settled(dict(change.after), commit)
    )


def _table(seconds: Seconds) -> Table:
    table = Table("", "Argo CD", "runs", "min", "median", "max", title="seconds")
    for (how, row), found in sorted(seconds.items(), key=lambda each: each[0][1]):
        times = (min(found), statistics.median(found), max(found))
        table.add_row(row, how, str(len(found)), *(f"{each:.1f}" for each in times))
    return table


if __name__ == "__main__":
    main()
