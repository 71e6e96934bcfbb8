"""What may go wrong at the remote: it moves, is rewritten, refuses or is gone."""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.acceptance.world import World, git, identify
from tests.faults.doors import PROGRAM, Strike
from tests.faults.faults import Fault
from tests.faults.scenarios import REWRITTEN, Scenario, use_server
from tests.faults.victim import Trap

Act = Callable[[World], None]

_READS, _PUSHES = ("git ls-remote", "git fetch"), ("git push",)

# Words that git and servers use for a race, and words that nobody knows.
_WORDS = (
    "main is protected: ask for a review",
    "[rejected] cannot lock ref: failed to update ref (incorrect old value)",
    "",
)


def remote_faults(scenario: Scenario) -> Iterator[Fault]:
    """Every fault of a remote, for one scenario."""
    for label, commands in (("when it is read", _READS), ("at the push", _PUSHES)):
        yield _during("the remote moves", label, commands, _move)
        yield _during("the remote is gone", label, commands, _go, _come_back)
        yield _during("the remote hangs up", label, commands, _hang_up, _pick_up)
    for words in _WORDS:
        for hook in ("pre-receive", "update"):
            label = f"{hook}: {words or 'without a word'}"
            yield Fault("the remote refuses", label, before=_refuse(hook, words), after=_accept)
    yield _during("the remote is rewritten", "at the push", _PUSHES, _rewrite)
    yield Fault("shallow clone", "depth 1", before=_make_shallow, after=_deepen)


def _during(
    row: str, label: str, commands: tuple[str, ...], act: Act, after: Act | None = None
) -> Fault:
    """A fault at the first git of these commands."""
    fault = Fault(row, label, Trap(_first(commands, act)))
    return replace(fault, after=after) if after else fault


def _first(commands: tuple[str, ...], act: Act) -> Strike:
    done: list[bool] = []

    def strike(arrived: int, name: str, about: str) -> None:
        if name == PROGRAM and about.startswith(commands) and not done:
            done.append(True)
            # This is the process of the verb, which has its world around its temporary files.
            act(World(Path(os.environ["TMPDIR"]).parent))

    return strike


def _move(world: World) -> None:
    """Another change is pushed: to a file that no decision reads."""
    other = _clone(world)
    git(other, "commit", "--quiet", "--allow-empty", "-m", "unrelated")
    git(other, "push", "--quiet", "origin", "main")


def _rewrite(world: World) -> None:
    """The newest commit is replaced by another one with the same files, by force."""
    other = _clone(world)
    git(other, "commit", "--quiet", "--amend", "-m", "a README, rewritten")
    git(other, "push", "--quiet", "--force", "origin", "main")
    (world.folder / REWRITTEN).write_text(git(other, "rev-parse", "HEAD"))


def _clone(world: World) -> Path:
    other = world.folder / "other"
    shutil.rmtree(other, ignore_errors=True)
    git(world.folder, "clone", "--quiet", str(world.origin), "other")
    identify(other)
    return other


def _go(world: World) -> None:
    world.origin.rename(world.folder / "away.git")


def _come_back(world: World) -> None:
    if (world.folder / "away.git").exists():
        (world.folder / "away.git").rename(world.origin)


def _hang_up(world: World) -> None:
    """The server breaks the connection after the first bytes."""
    (world.folder / "server").rename(world.folder / "server-well")
    server = world.folder / "server"
    server.write_text('#!/bin/sh\nsetsid git "$@" </dev/null | head -c 60\n')
    server.chmod(0o755)


def _pick_up(world: World) -> None:
    if (world.folder / "server-well").exists():
        (world.folder / "server-well").replace(world.folder / "server")


def _refuse(name: str, words: str) -> Act:
    def arm(world: World) -> None:
        hook = world.origin / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
        hook.chmod(hook.stat().st_mode | stat.S_IXUSR)

    return arm


def _accept(world: World) -> None:
    for name in ("pre-receive", "update"):
        (world.origin / "hooks" / name).unlink(missing_ok=True)


def _make_shallow(world: World) -> None:
    """Replace the clone by one that has the newest commit only."""
    shutil.rmtree(world.clone)
    git(world.folder, "clone", "--quiet", "--depth=1", f"file://{world.origin}", "clone")
    identify(world.clone)
    use_server(world)


def _deepen(world: World) -> None:
    if world.git("rev-parse", "--is-shallow-repository") == "true":
        subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=world.clone, check=True)
