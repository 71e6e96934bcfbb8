"""One try: a verb meets a fault, runs again without it, and everything is judged."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.world import FAMILY, World, copy_world
from tests.faults import disk, judge, victim
from tests.faults.faults import Fault
from tests.faults.people import People
from tests.faults.scenarios import Scenario, use_server


@dataclass(frozen=True)
class Came:
    """What came out of a try: the first run's code, whether it had decided, and what is wrong."""

    verb: str
    row: str
    name: str
    code: int
    made: bool
    problems: tuple[str, ...]


class Attempt(ABC):
    """Something to try in a copy of a scenario's state: its frame, whatever is tried."""

    scenario: Scenario

    @property
    @abstractmethod
    def row(self) -> str:
        """Its row in the table."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What a person needs to find it again."""

    @abstractmethod
    def _attempt(self, world: World) -> Came:
        """Make it, and judge what came out."""

    def _disk(self, folder: Path) -> AbstractContextManager[object]:
        """The disk that the copy is on."""
        return nullcontext()

    def attempt(self, state: World, folder: Path) -> Came:
        """Make it in a copy of the scenario's state, which goes afterwards."""
        try:
            with self._disk(folder):
                return self._attempt(use_server(copy_world(state, folder)))
        # Of the judge, most likely: then the world is not what it expects, which is a failure.
        except Exception as error:
            return self._came(-1, False, [f"judge: {error!r}"])
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _came(self, code: int, made: bool, problems: Sequence[str]) -> Came:
        return Came(self.scenario.name, self.row, self.name, code, made, tuple(problems))


@dataclass(frozen=True)
class Try(Attempt):
    """A verb, the fault that it meets, and who works in the clone."""

    scenario: Scenario
    fault: Fault
    people: People

    @property
    def row(self) -> str:
        return self.fault.row

    @property
    def name(self) -> str:
        return f"{self.scenario.name}, {self.people.name} clone: {self.row}, {self.fault.label}"

    def _disk(self, folder: Path) -> AbstractContextManager[object]:
        return nullcontext() if self.fault.room is None else disk.small_disk(folder)

    def _attempt(self, world: World) -> Came:
        self.fault.before(world)
        self.people.work(world)
        old = judge.before(world)
        if self.fault.room is not None:
            disk.fill(world.folder, self.fault.room)
        first = victim.start(world, self.scenario.command(world), self.fault.trap)
        ran = first.wait()
        disk.make_room(world.folder)
        self.fault.after(world)
        made = judge.is_made(world, self.scenario, old)
        problems = judge.of_output(ran, "the run with the fault")
        # The outcome of a rollback and of a verb that waits is 12: only 0 claims a decision.
        if ran.code == 0 and not made:
            problems.append(f"it says 0 and nothing is published: {ran.said.strip()[-200:]}")
        sessions = [first.session, *self._go_on(world, problems)]
        # Before the origin: git may still be at work there.
        problems += judge.of_machine(world, sessions)
        problems += judge.of_origin(world, self.scenario, old)
        problems += judge.of_clone(world, self.people, old)
        return self._came(ran.code, made, problems)

    def _go_on(self, world: World, problems: list[str]) -> Sequence[int]:
        """Run the verb again, and then what runs unattended; the sessions of both."""
        again = victim.start(world, self.scenario.command(world))
        ran = again.wait()
        problems += judge.of_output(ran, "the next run")
        if ran.code not in self.scenario.refused:
            problems.append(f"the next run says {ran.code}: {ran.said.strip()[-300:]}")
        judge.grow_old(world)
        last = victim.start(world, self.scenario.command(world, "advance", FAMILY))
        ran = last.wait()
        problems += judge.of_output(ran, "lockstep advance")
        if ran.code not in (0, 12):
            problems.append(f"lockstep advance says {ran.code}: {ran.said.strip()[-300:]}")
        return again.session, last.session
