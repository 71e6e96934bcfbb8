"""The whole sweep: makes the states, counts the events of each verb, plans the tries, runs them."""

import multiprocessing
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path

from tests.acceptance.world import World, copy_world
from tests.faults import disk, faults, victim
from tests.faults.attempt import Came, Try
from tests.faults.doors import Event
from tests.faults.faults import Fault
from tests.faults.people import BUSY, CLEAN, EVERYONE, NOTES, People
from tests.faults.races import Race, mixed_races, races
from tests.faults.remotes import remote_faults
from tests.faults.scenarios import SCENARIOS, Scenario, make_base, make_state, use_server

AnyTry = Try | Race
_RACES = 12
"""Rounds of races of each verb with itself."""


@dataclass(frozen=True)
class Sweep:
    """Where a sweep works, and the seed from which its random moments come."""

    folder: Path
    seed: int
    processes: int

    def state(self, scenario: Scenario) -> World:
        """The state that a scenario starts from."""
        return World(self.folder / "states" / scenario.name)


def prepare(sweep: Sweep, scenarios: Sequence[Scenario]) -> dict[str, tuple[Event, ...]]:
    """Make the states, and the events of each verb when nothing goes wrong."""
    # In processes of their own: MLflow keeps connections, which the tries must not inherit.
    with _pool(1) as pool:
        pool.apply(make_base, (sweep.folder / "base",))
    (sweep.folder / "states").mkdir()
    with _pool(sweep.processes) as pool:
        pool.starmap(_prepare, [(sweep, SCENARIOS.index(each)) for each in scenarios], 1)
    with _pool(sweep.processes) as pool:
        dry = pool.starmap(_dry, [(sweep, SCENARIOS.index(each)) for each in scenarios], 1)
    return dict(zip((each.name for each in scenarios), dry, strict=True))


def _prepare(sweep: Sweep, number: int) -> None:
    scenario = SCENARIOS[number]
    make_state(World(sweep.folder / "base"), scenario, sweep.state(scenario).folder)


def _dry(sweep: Sweep, number: int) -> tuple[Event, ...]:
    """The events of a run without a fault. What it leaves in the cache is kept for all tries."""
    scenario = SCENARIOS[number]
    state = sweep.state(scenario)
    for warm in range(2):
        world = use_server(copy_world(state, sweep.folder / f"dry-{scenario.name}-{warm}"))
        ran = victim.run(world, scenario.command(world))
        if ran.code not in (0, 12):
            raise RuntimeError(f"{scenario.name} without a fault: {ran.code}\n{ran.said}")
        (state.folder / "cache").mkdir(exist_ok=True)
        copy_cache(world, state)
    return ran.events


def copy_cache(source: World, target: World) -> None:
    """Give a world what another one has in its cache."""
    for entry in (source.folder / "cache").iterdir():
        (target.folder / "cache" / entry.name).write_bytes(entry.read_bytes())
        (target.folder / "cache").chmod(0o700)


def plan(sweep: Sweep, scenario: Scenario, events: Sequence[Event]) -> list[AnyTry]:
    """All tries of one scenario, always in the same order for the same seed."""
    chance = random.Random(f"{sweep.seed} {scenario.name}")
    planned: list[AnyTry] = [
        *_with(scenario, faults.kills(events), (CLEAN, BUSY)),
        *_with(scenario, faults.kills_inside(events, chance), (CLEAN,)),
        *_with(scenario, faults.kills_inside(events, chance), EVERYONE),
        *_with(scenario, faults.stops(events, chance), (CLEAN, BUSY)),
        *_with(scenario, faults.refusals(events), (CLEAN, NOTES)),
        *_with(scenario, faults.limits(), EVERYONE),
        *_with(scenario, remote_faults(scenario), EVERYONE),
        *races(scenario, chance, _RACES),
    ]
    if disk.can_mount(sweep.folder / "disk"):
        planned += _with(scenario, faults.full_disks(), (CLEAN, NOTES))
    if scenario.name == "hold":
        planned += mixed_races(chance, 4 * _RACES)
    return planned


def _with(scenario: Scenario, found: Iterator[Fault], people: Sequence[People]) -> Iterator[Try]:
    """Each fault in turn with the next of the people, so that all of them meet all kinds."""
    for number, fault in enumerate(found):
        yield Try(scenario, fault, people[number % len(people)])


def sample(tries: Sequence[AnyTry], size: int, seed: int) -> list[AnyTry]:
    """Some of the tries, always the same for a seed: of every verb and row in turn."""
    chance = random.Random(seed)
    rows: dict[tuple[str, str], list[AnyTry]] = {}
    for one in chance.sample(tries, len(tries)):
        rows.setdefault((one.row, one.scenario.name), []).append(one)
    chosen: list[AnyTry] = []
    while len(chosen) < min(size, len(tries)):
        chosen += [found.pop() for found in rows.values() if found]
    return chosen[:size]


_PLANNED: list[AnyTry] = []
"""The tries for the processes of the pool, which inherit them: a strike cannot be sent to one."""


def run(sweep: Sweep, tries: Sequence[AnyTry]) -> Iterator[Came]:
    """Run the tries on several processes, and give what came as it comes."""
    _PLANNED[:] = tries
    (sweep.folder / "tries").mkdir(exist_ok=True)
    with _pool(sweep.processes) as pool:
        yield from pool.imap_unordered(_attempt, [(sweep, n) for n in range(len(tries))], 1)


def _attempt(given: tuple[Sweep, int]) -> Came:
    sweep, number = given
    one = _PLANNED[number]
    return one.attempt(sweep.state(one.scenario), sweep.folder / "tries" / str(number))


@contextmanager
def _pool(processes: int) -> Iterator[Pool]:
    # By fork, for what is imported and planned already.
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield pool
        pool.close()
        pool.join()
