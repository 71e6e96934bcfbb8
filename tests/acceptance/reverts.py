"""``lockstep revert`` in acceptance tests: the states that it finds, and what is live after it."""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.acceptance.rollouts import DAY, advance, roll, share_with_arm
from tests.acceptance.world import FAMILY, REGIONS, World, copy_world, git

# States


def proposed(world: World) -> None:
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")


def began(world: World) -> None:
    """Version 2 has a tenth of the traffic of the first region."""
    roll(world, "08")


def rolling(world: World) -> None:
    """Version 2 has all traffic of the first region, and a tenth of the second's."""
    roll(world, "08", "10", "12")


def at_the_last_step(world: World) -> None:
    roll(world, "08", "10", "12", "14")


def verified(world: World) -> None:
    at_the_last_step(world)
    assert advance(world, "16")[0] == 0


def held(world: World) -> None:
    rolling(world)
    world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}13:00:00Z")


def shifted(world: World) -> None:
    """The restore waits, because version 1 is no longer in the registry."""
    import mlflow

    rolling(world)
    mlflow.MlflowClient(world.registry, world.registry).delete_model_version("scoring", "1")
    revert(world, hour="13")
    assert live(world).actions[-1] == "shift"


def experiment(world: World) -> None:
    """An arm with version 2 has 30 percent, and the stable version 1 the rest."""
    share_with_arm(world, 70)
    world.must("adopt", FAMILY, "--reason", "an A/B test", at=f"{DAY}08:00:00Z")


def experiment_in_rollout(world: World) -> None:
    experiment(world)
    roll(world, "09", version="3")


def steady(world: World) -> None:
    """As adopted."""


State = Callable[[World], None]


class States(dict[State, World]):
    """Each state is made once, when a test asks for it first, and only ever copied."""

    def __init__(self, template: World, folder: Path) -> None:
        self.template, self.folder = template, folder

    def __missing__(self, state: State) -> World:
        # By module, too: two may name a state alike.
        world = copy_world(self.template, self.folder / f"{state.__module__}.{state.__name__}")
        state(world)
        self[state] = world
        return world


def in_state(*states: State) -> pytest.MarkDecorator:
    """The world of a test, one test for each of these states."""
    return pytest.mark.parametrize("world", states, ids=lambda state: state.__name__, indirect=True)


# What is live


@dataclass(frozen=True)
class Live:
    """What the followed branch says at the remote, by region where regions may differ."""

    traffic: dict[str, dict[str, int]]
    pods: dict[str, set[str]]
    actions: list[str]
    quarantine: set[str]
    tip: str

    @property
    def everywhere(self) -> dict[str, int]:
        """The versions with weight; the regions must agree."""
        first, *others = self.traffic.values()
        assert all(other == first for other in others), self.traffic
        return first


def live(world: World) -> Live:
    packed = subprocess.run(
        ["git", "archive", "main"], cwd=world.origin, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    traffic, pods, paths = {}, {}, "\n".join(files)
    for region in REGIONS:
        spec = yaml.safe_load(files[f"clusters/{FAMILY}/{region}.yaml"])["spec"]
        folder = f"rendered/prod/clusters/scoring-{region}/"
        routes = yaml.safe_load(files[f"{folder}virtualservice.yaml"])["spec"]["http"][-1]["route"]
        traffic[region] = {v["version"]: v["weight"] for v in spec["variants"] if v["weight"]}
        routed = {r["destination"]["subset"][1:]: r.get("weight", 100) for r in routes}
        assert {v: w for v, w in routed.items() if w} == traffic[region], "spec and manifests"
        pods[region] = set(re.findall(rf"^{folder}deployment-v(.+)\.yaml$", paths, re.MULTILINE))
    ledger = sorted(path for path in files if path.startswith(f"ledger/{FAMILY}/"))
    listed = yaml.safe_load(
        files.get(f"clusters/{FAMILY}/quarantine.yaml", b"spec: {versions: []}")
    )
    return Live(
        traffic, pods, [_action(files[path]) for path in ledger],
        {entry["version"] for entry in listed["spec"]["versions"]},
        git(world.origin, "rev-parse", "main"),
    )  # fmt: skip


def _action(record: bytes) -> str:
    try:
        return str(json.loads(record)["spec"]["action"])
    except ValueError:
        return "unreadable"


def revert(world: World, *version: str, hour: str = "13", minute: str = "00") -> tuple[int, str]:
    return world.lockstep(
        "revert", FAMILY, *version, "--reason", "bad", at=f"{DAY}{hour}:{minute}:00Z"
    )


@dataclass(frozen=True)
class Twice:
    """A revert, and the same a minute later, which never commits anything."""

    before: Live
    after: Live
    first: str
    second: str

    @property
    def added(self) -> list[str]:
        return self.after.actions[len(self.before.actions) :]


def twice(
    world: World,
    *version: str,
    codes: tuple[int, int] = (0, 0),
    hour: str = "17",
    intact: bool = True,
) -> Twice:
    """``intact`` says that people left the ledger as it was."""
    before = live(world)
    code, first = revert(world, *version, hour=hour)
    assert code == codes[0], first
    after = live(world)
    again, second = revert(world, *version, hour=hour, minute="01")
    assert again == codes[1], second
    assert live(world) == after, second
    if intact:
        assert world.lockstep("check")[0] == 0 or "diverged" in world.lockstep("status")[1]
        assert world.lockstep("audit", "--replay")[0] == 0
    return Twice(before, after, first, second)


def nothing_moved(done: Twice) -> bool:
    return done.before == done.after
