"""Times ``lockstep advance``: over idle families, and from evidence to the pushed rollback."""

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges.resources import resource_dir
from lockstep.model.times import format_time
from lockstep.spec.selection import choose_families
from lockstep.transactions.adopt import adopt
from lockstep.transactions.run import Run, RunOptions, open_run
from tests.acceptance.world import SETTINGS, World, copy_world, git, identify
from tests.bench.fleet import make_families
from tests.bench.measure import NOW, run_process
from tests.faults.scenarios import SCENARIOS, make_base, make_state

_MLFLOW = (sys.executable, "-c", "import mlflow")
_PASSES = 5


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


def measure_advance(folder: Path, families: int) -> AdvanceTimes:
    """Make the fleets in ``folder``, and time advance on them."""
    one = _idle(_adopted_fleet(folder / "one", 1))
    many = _idle(_adopted_fleet(folder / "many", families))
    scenario = next(each for each in SCENARIOS if each.name == "rollback")
    failing = make_state(make_base(folder / "base"), scenario, folder / "failing")
    worlds = [copy_world(failing, folder / f"rollback-{number}") for number in range(_PASSES)]
    rollback = [_seconds(lambda w=w: _roll_back(w, scenario.command(w))) for w in worlds]  # type: ignore[misc]
    mlflow = [_seconds(lambda: run_process(folder, *_MLFLOW)) for _ in range(_PASSES)]
    return AdvanceTimes(families, one, many, statistics.median(rollback), statistics.median(mlflow))


def _roll_back(world: World, command: Sequence[str]) -> None:
    before = git(world.origin, "rev-parse", "main")
    # 12 says that the gate failed.
    run_process(
        world.clone, sys.executable, "-m", "lockstep", *command, accepted=(12,),
        LOCKSTEP_CACHE=str(world.folder / "cache"),
    )  # fmt: skip
    if git(world.origin, "rev-parse", "main") == before:
        sys.exit("the rollback to measure was not pushed")


def _idle(world: World) -> float:
    """The median of ``lockstep advance`` over all families, after a pass that fills the cache."""
    now = f"--now={format_time(NOW)}"
    command = (sys.executable, "-m", "lockstep", "advance", now)

    def advance() -> None:
        run_process(world.clone, *command, LOCKSTEP_CACHE=str(world.folder / "cache"))

    before = git(world.origin, "rev-parse", "main")
    times = [_seconds(advance) for _ in range(_PASSES + 1)]
    if git(world.origin, "rev-parse", "main") != before:
        sys.exit("the families to measure are not idle")
    return statistics.median(times[1:])


def _adopted_fleet(folder: Path, families: int) -> World:
    """A clone and its bare remote with a fleet whose families have all been adopted."""
    world = World(folder)
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(world.origin))
    git(folder, "clone", "--quiet", str(world.origin), "clone")
    identify(world.clone)
    for name in ("policies", "templates"):
        shutil.copytree(resource_dir(name), world.clone / name)
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
