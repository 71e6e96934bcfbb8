"""Races: two to five processes at once, of one verb or of several, on one clone or on several."""

import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.acceptance.world import FAMILY, World, git, identify
from tests.faults import judge, victim
from tests.faults.attempt import Attempt, Came
from tests.faults.people import CLEAN
from tests.faults.scenarios import SCENARIOS, Elsewhere, Scenario, actions_of, command, use_server

_WHY = ("--reason", "for a reason")
_MIXED = (
    ("advance", FAMILY), ("hold", FAMILY, *_WHY), ("revert", FAMILY, *_WHY),
    ("resume", FAMILY, *_WHY), ("propose", FAMILY, "3"), ("advance",),
    ("release", FAMILY, "2", *_WHY),
)  # fmt: skip
_CLAIM = re.compile(r'"decision": "(sha256:[0-9a-f]{64})"')
_SPREAD = 0.3  # seconds between the first and the last start
_DUE = "12"
"""The hour at which the state of the mixed races has its next step due."""


@dataclass(frozen=True)
class Race(Attempt):
    """Verbs that start at about the same time; ``alike`` where all are the scenario's own."""

    scenario: Scenario
    verbs: tuple[tuple[str, ...], ...]
    delays: tuple[float, ...]
    clones: int
    alike: bool

    @property
    def row(self) -> str:
        where = "one clone" if self.clones == 1 else "several clones"
        return f"a race {'of one verb' if self.alike else 'of several verbs'} on {where}"

    @property
    def name(self) -> str:
        listed = ", ".join(
            f"{verb[0]} at {delay * 1000:.0f} ms"
            for verb, delay in zip(self.verbs, self.delays, strict=True)
        )
        return f"{self.scenario.name}: {self.row}: {listed}"

    def _attempt(self, world: World) -> Came:
        old = judge.before(world)
        places = [world, *(_another(world, number) for number in range(1, self.clones))]
        running = []
        for number, (verb, delay) in enumerate(zip(self.verbs, self.delays, strict=True)):
            time.sleep(delay - (self.delays[number - 1] if number else 0.0))
            place = places[number % len(places)]
            running.append(victim.start(place, [*self._command(place, *verb), "--format=json"]))
        ran = [each.wait() for each in running]
        made = judge.is_made(world, self.scenario, old)
        problems = [problem for each in ran for problem in self._of_run(each)]
        sessions = [each.session for each in running]
        for place in places:
            last = victim.start(place, self._command(place, *self._last()))
            ended = last.wait()
            if ended.code not in (0, 12):
                problems.append(f"{self._last()[0]} says {ended.code}: {ended.said[-300:]}")
            sessions.append(last.session)
        problems += judge.of_machine(world, sessions)
        problems += self._of_end(world, ran, old)
        for place in places:
            problems += judge.of_clone(place, CLEAN, old)
        code = max(each.code for each in ran)
        return self._came(code, made, problems)

    def _command(self, place: World, *verb: str) -> list[str]:
        return command(place, *verb, hour=self.scenario.hour if self.alike else _DUE)

    def _last(self) -> tuple[str, ...]:
        """What ends it: a rollback, after which one state only is right."""
        return ("advance", FAMILY) if self.alike else ("revert", FAMILY, *_WHY)

    def _of_run(self, ran: victim.Ran) -> list[str]:
        """A verb that comes too late may refuse (2, 11) or wait (12); it never just fails."""
        problems = judge.of_output(ran, "a run")
        if ran.code not in (0, 2, 11, 12):
            problems.append(f"a run says {ran.code}: {ran.said.strip()[-300:]}")
        return problems

    def _of_end(self, world: World, ran: Sequence[victim.Ran], old: judge.Before) -> list[str]:
        if self.alike:
            return judge.of_origin(world, self.scenario, old)
        fresh = world.folder / "fresh"
        git(world.folder, "clone", "--quiet", str(world.origin), str(fresh))
        identify(fresh)
        problems = judge.of_ledger(world, fresh, _DUE, old)
        if (actions := actions_of(fresh))[-1] not in ("restore", "release"):
            problems.append(f"the ledger ends with {actions}")
        if actions.count("restore") > 1:
            problems.append(f"it was rolled back twice: {actions}")
        history = git(fresh, "log", "--all", "--format=%B")
        claims = {claim for each in ran for claim in _CLAIM.findall(each.said)}
        return [*problems, *(f"{claim} is lost" for claim in claims if claim not in history)]


def races(scenario: Scenario, chance: random.Random, rounds: int) -> Iterator[Race]:
    """Races of the scenario's verb with itself."""
    for _ in range(rounds):
        for clones in (1, 3):
            verbs = (scenario.arguments,) * chance.randint(2, 5)
            yield Race(scenario, verbs, _delays(len(verbs), chance), clones, alike=True)


def mixed_races(chance: random.Random, rounds: int) -> Iterator[Race]:
    """Races of several verbs in the middle of a rollout."""
    rolling = next(each for each in SCENARIOS if each.name == "hold")
    for _ in range(rounds):
        for clones in (1, 3):
            verbs = tuple(chance.choice(_MIXED) for _ in range(chance.randint(2, 5)))
            yield Race(rolling, verbs, _delays(len(verbs), chance), clones, alike=False)


def _delays(number: int, chance: random.Random) -> tuple[float, ...]:
    # Half of the races start as close together as processes can.
    spread = chance.choice((0.0, _SPREAD))
    return tuple(sorted(chance.random() * spread for _ in range(number)))


def _another(world: World, number: int) -> World:
    place = Elsewhere(world.folder, f"clone-{number}")
    git(world.folder, "clone", "--quiet", str(world.origin), place.name)
    identify(place.clone)
    return use_server(place)
