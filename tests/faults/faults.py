"""What may go wrong on the machine of a run: it is killed or stopped, or something runs out."""

import errno
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.world import World
from tests.faults.doors import PROGRAM, Event, Strike
from tests.faults.victim import Trap

_LONGEST = 0.1
"""Seconds that a git process may take."""

_ROOM = ("open", "mkdir", "rename", "link")
"""The events that need room on a disk."""


def _nothing(_: World) -> None:
    """Most faults need no preparation."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: its row in the table, what distinguishes it there, and how.

    ``before`` and ``after`` act on the world around the run. ``room`` is how much its disk still
    holds, in KiB, where that is little.
    """

    row: str
    label: str
    trap: Trap = field(default_factory=Trap)
    before: Callable[[World], None] = _nothing
    after: Callable[[World], None] = _nothing
    room: int | None = None


def kills(events: Sequence[Event]) -> Iterator[Fault]:
    """kill -9 before each event and after the last one: of the whole job, or of the program."""
    for number in range(len(events) + 1):
        label = f"event {number} ({describe(events, number)})"
        if number < len(events) and events[number].of_policies:
            yield Fault("kill -9 in OPA's files", label, Trap(_at(number, kill_job)))
            continue
        yield Fault("kill -9 of the job", label, Trap(_at(number, kill_job)))
        yield Fault("kill -9 of the program", label, Trap(_at(number, kill_program)))


def kills_inside(events: Sequence[Event], chance: random.Random) -> Iterator[Fault]:
    """kill -9 at a random moment inside each git: of the job, of the program, and of git alone."""
    ends: dict[str, Callable[[], None]] = {
        "the job": kill_job, "the program": kill_program, "git": kill_git,
    }  # fmt: skip
    for number, event in enumerate(events):
        if event.starts_git:
            for who, end in ends.items():
                # Most are gone long before the next event; the longest talk to the remote.
                delay = chance.random() ** 2 * min(event.seconds, _LONGEST)
                label = f"{delay * 1000:.1f} ms inside event {number} ({describe(events, number)})"
                yield Fault(
                    f"kill -9 inside git, of {who}", label, Trap(_inside(number, delay, end))
                )


def stops(events: Sequence[Event], chance: random.Random) -> Iterator[Fault]:
    """SIGTERM, and Ctrl-C, which the whole job gets: before events and inside git."""
    for number, event in enumerate(events):
        if event.of_policies:
            continue
        label = f"event {number} ({describe(events, number)})"
        delay = chance.random() * event.seconds
        yield Fault("SIGTERM", label, Trap(_inside(number, delay, terminate)))
        yield Fault("Ctrl-C", label, Trap(_inside(number, delay, interrupt)))


def refusals(events: Sequence[Event]) -> Iterator[Fault]:
    """The system refuses one write or start, or from then on every write."""
    for number, event in enumerate(events):
        if event.of_policies:
            continue
        label = f"event {number} ({describe(events, number)})"
        if event.name == PROGRAM:
            yield Fault("no more processes", label, Trap(_refuse(number, errno.EAGAIN)))
        elif event.name in _ROOM:
            yield Fault("disk full from a write on", label, Trap(_full_from(number)))
            yield Fault("one write fails", label, Trap(_refuse(number, errno.EIO)))
            yield Fault("too many open files", label, Trap(_refuse(number, errno.EMFILE)))


def limits() -> Iterator[Fault]:
    """Limits of the system for the program and its children: sizes of files, open files."""
    for size in (0, 64, 512, 1024, 4096, 8192, 16384, 65536, 262144):
        limited = ((resource.RLIMIT_FSIZE, size),)
        yield Fault("files may not grow", f"beyond {size} bytes", Trap(limits=limited))
    for number in (*range(4, 24), 28, 32, 48, 64):
        limited = ((resource.RLIMIT_NOFILE, number),)
        yield Fault("few open files", f"{number} at most", Trap(limits=limited))
    yield Fault("output to a full disk", "/dev/full", Trap(output="/dev/full"))


def full_disks() -> Iterator[Fault]:
    """A real disk with little room, for origin, clone, cache and temporary files alike."""
    for room in (0, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512, 640, 768, 1024):
        yield Fault("a full disk", f"{room} KiB are free", room=room)


def describe(events: Sequence[Event], number: int) -> str:
    """An event in a few words."""
    if number >= len(events):
        return "the end"
    event = events[number]
    about = event.about if event.name == PROGRAM else os.path.basename(event.about)
    return f"{event.name} {' '.join(about.split()[:2])}".strip()[:40]


def kill_job() -> None:
    """kill -9 of the program and all its children."""
    os.killpg(0, signal.SIGKILL)


def kill_program() -> None:
    """kill -9 of the program alone: its children go on."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_git() -> None:
    """kill -9 of every git that the program has started, on this machine."""
    for process in _programs_named_git(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def terminate() -> None:
    """What a runner sends to a job that it cancels."""
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt() -> None:
    """What a terminal sends for Ctrl-C."""
    os.killpg(0, signal.SIGINT)


def _programs_named_git(parent: int) -> Iterator[int]:
    """The git processes below a process. By its children alone: to look at all takes too long."""
    for listed in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, listed.read_text().split()):
                yield from _programs_named_git(child)
                # The remote's side has a session of its own: it is on another machine.
                if _is_git(child) and os.getsid(child) == os.getsid(0):
                    yield child


def _is_git(process: int) -> bool:
    return Path(f"/proc/{process}/comm").read_text().startswith("git")


def _at(number: int, act: Callable[[], None]) -> Strike:
    def strike(arrived: int, name: str, about: str) -> None:
        if arrived == number:
            act()

    return strike


def _inside(number: int, delay: float, act: Callable[[], None]) -> Strike:
    def later() -> None:
        time.sleep(delay)
        act()

    return _at(number, lambda: threading.Thread(target=later, daemon=True).start())


def _refuse(number: int, code: int) -> Strike:
    def strike(arrived: int, name: str, about: str) -> None:
        if arrived == number:
            raise OSError(code, os.strerror(code), about)

    return strike


def _full_from(number: int) -> Strike:
    def strike(arrived: int, name: str, about: str) -> None:
        if arrived >= number and name in _ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), about)

    return strike
