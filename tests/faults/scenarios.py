"""The verbs that move a family, each in a state in which it has a decision to make."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lockstep.cli import invoke
from tests.acceptance.rollouts import roll
from tests.acceptance.world import FAMILY, World, copy_world, create_world, git
from tests.unit.mlflow_store import create_store

DAY = "2026-03-01T"
README = "README.md"
REWRITTEN = "rewritten"
"""The file beside the clone that holds the tip with which a fault replaced the origin's."""
_WHY = ("--reason", "for a reason")
_ROLLING = ("adopt", "propose", "advance", "advance")
_BACK = (*_ROLLING, "shift", "restore")


@dataclass
class Elsewhere(World):
    """The same world, seen from another clone."""

    name: str = "other"

    @property
    def clone(self) -> Path:
        return self.folder / self.name


@dataclass(frozen=True)
class Scenario:
    """One verb, the state that it finds, and what the ledger of the followed branch holds after it.

    ``refused`` are exit codes with which a second run may say that there is nothing left to do.
    ``proposes`` says that the decision is published on a branch to be merged.
    """

    name: str
    arguments: tuple[str, ...]
    hour: str
    prepare: Callable[[World], None]
    actions: tuple[str, ...]
    refused: tuple[int, ...] = (0, 12)
    proposes: bool = False

    def command(self, world: World, *arguments: str) -> list[str]:
        """A whole command line of this verb, or of another one at the same time."""
        return command(world, *(arguments or self.arguments), hour=self.hour)


def command(world: World, *arguments: str, hour: str) -> list[str]:
    """A whole command line of a verb that moves families."""
    at = f"--now={DAY}{hour}:00:00Z"
    return [*arguments, f"--root={world.clone}", f"--registry-uri={world.registry}", at]


def _unadopted(world: World) -> None:
    world.git("reset", "--quiet", "--hard", "HEAD^")
    world.git("push", "--quiet", "--force", "origin", "main")


def _steady(_: World) -> None:
    """As it was made: adopted, with nothing else."""


def _proposed(world: World) -> None:
    world.merge_proposal()


def _rolling(world: World) -> None:
    roll(world, "08", "10")


def _failing(world: World) -> None:
    _rolling(world)
    world.measure("2", 0.1, f"{DAY}10:30:00Z")


def _held(world: World) -> None:
    _rolling(world)
    world.must("hold", FAMILY, *_WHY, at=f"{DAY}10:30:00Z")


def _shifted(world: World) -> None:
    """Rolled back while the registry did not have the version to return to."""
    _rolling(world)
    empty = create_store(world.folder / "elsewhere")
    code, said = invoke(["revert", FAMILY, *_WHY, f"--root={world.clone}",
                         f"--registry-uri={empty.uri}", f"--now={DAY}10:30:00Z"])  # fmt: skip
    assert "the restore waits" in said, code


def _reverted(world: World) -> None:
    _rolling(world)
    world.must("revert", FAMILY, *_WHY, at=f"{DAY}10:30:00Z")


SCENARIOS = (
    Scenario("propose", ("propose", FAMILY, "2"), "08", _steady, ("adopt",), proposes=True),
    Scenario("step", ("advance", FAMILY), "08", _proposed, ("adopt", "propose", "advance")),
    Scenario("rollback", ("advance", FAMILY), "11", _failing, _BACK),
    Scenario("restore", ("advance", FAMILY), "11", _shifted, _BACK),
    Scenario("hold", ("hold", FAMILY, *_WHY), "11", _rolling, (*_ROLLING, "hold")),
    Scenario(
        "resume", ("resume", FAMILY, *_WHY), "11", _held, (*_ROLLING, "hold", "resume"), (0, 2, 12)
    ),
    Scenario("revert", ("revert", FAMILY, *_WHY), "11", _rolling, _BACK),
    Scenario(
        "release", ("release", FAMILY, "2", *_WHY), "11", _reverted, (*_BACK, "release"), (0, 2, 12)
    ),
    Scenario("adopt", ("adopt", FAMILY, *_WHY), "08", _unadopted, ("adopt",)),
)  # fmt: skip

_SERVER = """\
#!/bin/sh
# The remote's side: another machine, which neither the runner's signals nor its limits reach.
ulimit -S -f unlimited
ulimit -S -n 1024
exec setsid git "$@"
"""


def make_base(folder: Path) -> World:
    """The world that all states start from: a family that serves version 1, adopted."""
    folder.mkdir()
    os.environ["LOCKSTEP_CACHE"] = str(folder / "cache")
    return create_world(folder)


def make_state(base: World, scenario: Scenario, folder: Path) -> World:
    """The state that a scenario starts from, made from a copy of the base."""
    os.environ["LOCKSTEP_CACHE"] = str(folder / "cache")
    world = copy_world(base, folder)
    scenario.prepare(world)
    (world.clone / README).write_text("The fleet of the team.\n")
    world.git("add", README)
    world.git("commit", "--quiet", "-m", "a README")
    world.git("push", "--quiet", "origin", "main")
    server = folder / "server"
    server.write_text(_SERVER)
    server.chmod(0o755)
    return world


def use_server(world: World) -> World:
    """Reach the origin as if it were on another machine."""
    for side in ("receive", "upload"):
        world.git("config", f"remote.origin.{side}pack", f"{world.folder}/server {side}-pack")
    return world


def actions_of(checkout: Path) -> list[str]:
    """The actions of the family's records in a checkout, in their order."""
    files = sorted((checkout / "ledger" / FAMILY).glob("*.json"))
    return [json.loads(path.read_text())["spec"]["action"] for path in files]


def tip(world: World) -> str:
    """The commit of the followed branch at the origin."""
    return git(world.origin, "rev-parse", "refs/heads/main")


def proposals(world: World) -> list[str]:
    """The branches at the origin that hold proposals."""
    listed = git(world.origin, "for-each-ref", "--format=%(refname)", "refs/heads/lockstep/")
    return listed.split()
