"""Times ``lockstep advance``: over idle families, and from evidence to the pushed rollback."""

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lockstep.edges.resources import shipped_root
from lockstep.model.times import format_time
from lockstep.spec.selection import choose_families
from lockstep.transactions.adopt import adopt
from lockstep.transactions.run import Run, RunOptions, open_run
from tests.acceptance.world import SETTINGS, World, copy_world, git, identify
from tests.bench.fleet import make_families
from tests.bench.processes import run_process
from tests.bench.stages import NOW
from tests.faults.scenarios import SCENARIOS, make_base, make_state

_MLFLOW = (sys.executable, "-c", "import mlflow")


@dataclass(frozen=True)
class AdvanceTimes:
    """Seconds of whole processes, each the median of several passes.

    ``one`` and ``many`` are ``lockstep advance`` over one idle family and over ``families``;
    ``rollback`` is the one that finds a failed gate and pushes the rollback, and ``mlflow`` a bare
    ``import mlflow``.
    """

    families: int
    one: float
    many: float
    rollback: float
    mlflow: float

    @property
    def ratio(self) -> float:
        """How many times longer many idle families take than one."""
        return self.many / self.one

    @property
    def beyond_mlflow(self) -> float:
        """Seconds from evidence to the pushed rollback that are not MLflow's import."""
        return self.rollback - self.mlflow


def measure_advance(folder: Path, families: int, passes: int) -> AdvanceTimes:
    """Make the fleets in ``folder``, and time advance on them."""
    one, many = _adopted_fleet(folder / "one", 1), _adopted_fleet(folder / "many", families)
    scenario = next(each for each in SCENARIOS if each.name == "rollback")
    failing = make_state(make_base(folder / "base"), scenario, folder / "failing")
    seconds: dict[str, list[float]] = {"one": [], "many": [], "rollback": [], "mlflow": []}
    for world in (one, many):  # fills the caches
        _advance_idle(world)
    # In turn, so that what else the machine does slows all of them down alike.
    for number in range(passes):
        world = copy_world(failing, folder / f"rollback-{number}")
        seconds["one"].append(_seconds(partial(_advance_idle, one)))
        seconds["many"].append(_seconds(partial(_advance_idle, many)))
        seconds["rollback"].append(_seconds(partial(_roll_back, world, scenario.command(world))))
        seconds["mlflow"].append(_seconds(partial(run_process, folder, *_MLFLOW)))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return AdvanceTimes(families, **medians)


def _roll_back(world: World, command: Sequence[str]) -> None:
    before = git(world.origin, "rev-parse", "main")
    # 12 says that the gate failed.
    run_process(
        world.clone, sys.executable, "-m", "lockstep", *command, accepted=(12,),
        LOCKSTEP_CACHE=str(world.folder / "cache"),
    )  # fmt: skip
    if git(world.origin, "rev-parse", "main") == before:
        sys.exit("the rollback to measure was not pushed")


def _advance_idle(world: World) -> None:
    """``lockstep advance`` over all families, of which none moves."""
    before = git(world.origin, "rev-parse", "main")
    command = (sys.executable, "-m", "lockstep", "advance", f"--now={format_time(NOW)}")
    run_process(world.clone, *command, LOCKSTEP_CACHE=str(world.folder / "cache"))
    if git(world.origin, "rev-parse", "main") != before:
        sys.exit("the families to measure are not idle")


def _adopted_fleet(folder: Path, families: int) -> World:
    """A clone and its bare remote with a fleet whose families have all been adopted."""
    world = World(folder)
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(world.origin))
    git(folder, "clone", "--quiet", str(world.origin), "clone")
    identify(world.clone)
    for name in ("policies", "templates"):
        shutil.copytree(shipped_root() / name, world.clone / name)
    files = {"lockstep.yaml": SETTINGS.encode(), **make_families(families)}
    for path, data in files.items():
        (world.clone / path).parent.mkdir(parents=True, exist_ok=True)
        (world.clone / path).write_bytes(data)
    run_process(world.clone, sys.executable, "-m", "lockstep", "render")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message=A fleet to measure")
    world.git("push", "--quiet", "--set-upstream", "origin", "main")
    with open_run(RunOptions(world.clone, NOW)) as run:
        _adopt_all(run)
    return world


def _adopt_all(run: Run) -> None:
    titles = [
        f"{each.environment}/{each.name}"
        for each in choose_families(run.snapshot.heads, None, None)
    ]
    for title in titles:
        run.decide(title, lambda git, state: adopt(git, state, "a fleet to measure"))
    run.finish()


def _seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before
