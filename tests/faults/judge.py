"""What must hold after a fault and the runs that follow it: origin, clone and machine."""

import os
import re
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import clock
from tests.acceptance.world import FAMILY, World, git, identify
from tests.faults import victim
from tests.faults.people import People
from tests.faults.scenarios import DAY, REWRITTEN, Scenario, actions_of, proposals, tip

_OLD = 2 * 24 * 3600.0  # seconds: older than anything that still runs
_GRACE = 8.0  # seconds in which git may end by itself once its parent is gone
_NO_REASON = re.compile(r"(?:failed|refused|cannot [\w ]+):[ \t]*(?:\n\s*fix\b|$)", re.MULTILINE)


@dataclass(frozen=True)
class Before:
    """What is compared with: the state before the run that met the fault."""

    tip: str
    head: str
    branches: tuple[str, ...]


def before(world: World) -> Before:
    """The state of origin and clone now."""
    return Before(tip(world), world.git("rev-parse", "HEAD"), _branches(world.clone))


def is_made(world: World, scenario: Scenario, old: Before) -> bool:
    """Whether the decision of the scenario is published."""
    if scenario.proposes:
        return bool(proposals(world))
    return tip(world) != old.tip


def of_output(ran: victim.Ran, what: str) -> list[str]:
    """What no run may print, whatever it met."""
    found = []
    if "Traceback" in ran.said:
        found.append(f"{what}: a traceback: {ran.said.strip()[-300:]}")
    if _NO_REASON.search(ran.said):
        found.append(f"{what}: an error without its reason: {ran.said.strip()[-200:]}")
    return found


def of_origin(world: World, scenario: Scenario, old: Before) -> list[str]:
    """What is lost, doubled or half-done at the origin."""
    fresh = world.folder / "fresh"
    git(world.folder, "clone", "--quiet", str(world.origin), str(fresh))
    identify(fresh)
    found = list(of_ledger(world, fresh, scenario.hour, old))
    if (actions := actions_of(fresh)) != list(scenario.actions):
        found.append(f"the ledger holds {actions} and not {list(scenario.actions)}")
    if not scenario.proposes:
        return found
    branches = proposals(world)
    if len(branches) != 1:
        return [*found, f"{len(branches)} branches hold proposals: {branches}"]
    git(fresh, "checkout", "--quiet", git(world.origin, "rev-parse", branches[0]))
    if (actions := actions_of(fresh)) != [*scenario.actions, "propose"]:
        found.append(f"the branch of the proposal holds {actions}")
    return [*found, *_verb(world, fresh, "check", f"--now={DAY}{scenario.hour}:00:00Z")]


def of_ledger(world: World, fresh: Path, hour: str, old: Before) -> list[str]:
    """What is wrong with the history of the followed branch, in a fresh clone of it."""
    found = []
    rewritten = world.folder / REWRITTEN
    base = rewritten.read_text() if rewritten.exists() else old.tip
    made = git(fresh, "log", "--format=%(trailers:key=Lockstep-Decision,valueonly)",
               f"{base}..HEAD").split()  # fmt: skip
    found += [f"{n} commits make {one}" for one, n in Counter(made).items() if n > 1]
    if git(fresh, "merge-base", base, "HEAD") != base:
        found.append("the followed branch was rewritten")
    found += _verb(world, fresh, "audit", FAMILY, "--verify", "--replay")
    found += _verb(world, fresh, "check", f"--now={DAY}{hour}:00:00Z")
    return found


def _verb(world: World, fresh: Path, *arguments: str) -> list[str]:
    ran = victim.run(world, [*arguments, f"--root={fresh}"], root=fresh)
    return [] if ran.code == 0 else [f"{arguments[0]} says {ran.code}: {ran.said.strip()[-400:]}"]


def of_clone(world: World, people: People, old: Before) -> list[str]:
    """What people find in their clone that they did not leave there, and whether they can go on."""
    found = people.problems(world)
    if (branch := world.git("rev-parse", "--abbrev-ref", "HEAD")) != "main":
        return [*found, f"HEAD is on {branch}"]
    head = world.git("rev-parse", "HEAD")
    behind = _succeeds(world.origin, "merge-base", "--is-ancestor", head, "refs/heads/main")
    if head != old.head and not behind:
        found.append(f"main is at {head}, which the origin does not have")
    for kept in (world.clone / ".git", world.origin):
        found += [f"left behind: {path}" for path in _leftovers(kept)]
        if not _succeeds(kept, "fsck", "--no-dangling", "--no-progress"):
            found.append(f"git fsck finds {kept.name} broken")
    found += [f"left behind: {path}" for path in world.clone.rglob(".lockstep-*")]
    # A local branch of a proposal is how git shows it to people; any other is ours.
    more = set(_branches(world.clone)) - set(old.branches)
    found += [
        f"left behind: {name}" for name in more if not name.startswith("refs/heads/lockstep/")
    ]
    if behind and not _succeeds(world.clone, "pull", "--quiet", "--ff-only", "origin", "main"):
        found.append("git pull --ff-only fails")
    return [*found, *(f"after git pull: {problem}" for problem in people.problems(world))]


def _leftovers(folder: Path) -> list[Path]:
    """Locks, and files that git does not know, in a git directory."""
    ours = [path for path in folder.rglob("*lockstep*") if "lockstep/" not in _below(path, folder)]
    ours = [path for path in ours if path.name != "lockstep"]
    return sorted({*folder.rglob("*.lock"), *ours})


def _below(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder))


def of_machine(world: World, sessions: list[int]) -> list[str]:
    """Temporary files and processes that outlive all runs; the processes are ended."""
    found = [f"left behind: {path}" for path in (world.folder / "tmp").glob("*lockstep*")]
    deadline = time.monotonic() + _GRACE
    while (left := _alive(sessions)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process, command in left.items():
        found.append(f"still runs: {command}")
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return found


def grow_old(world: World) -> None:
    """Make what a dead run has left behind look as old as it is when people find it."""
    moment = clock.now().timestamp() - _OLD
    for folder in (world.folder / "tmp", world.clone):
        for path in folder.rglob("*lockstep-*"):
            if ".git/objects" not in str(path):
                os.utime(path, (moment, moment), follow_symlinks=False)


def _alive(sessions: list[int]) -> dict[int, str]:
    """The processes of these sessions that have not ended, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            facts = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(facts[3]) in sessions and facts[0] != "Z":
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(entry.name)] = command.decode(errors="replace")[:120]
        except (OSError, IndexError):  # it has ended meanwhile
            continue
    return found


def _branches(folder: Path) -> tuple[str, ...]:
    return tuple(git(folder, "for-each-ref", "--format=%(refname)", "refs/heads").split())


def _succeeds(folder: Path, *arguments: str) -> bool:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0
