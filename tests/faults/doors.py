"""The doors of the program: each write and each start of a program, seen by Python's audit events.

Nothing of Lockstep is changed for it: an audit hook sees every file that is opened for writing and
every rename, link, deletion, folder and child process, whichever module asks for it.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROGRAM = "start"
"""The name of the event of a child process; all other events are writes."""

Strike = Callable[[int, str, str], None]
"""What happens at an event: it gets its number from 0, its name, and what it is about."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = {
    "os.rename": "rename", "os.remove": "remove", "os.link": "link", "os.symlink": "link",
    "os.mkdir": "mkdir", "os.rmdir": "rmdir", "os.truncate": "truncate", "os.chmod": "chmod",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One event of a run: its name, what it is about, and the seconds until the next one."""

    name: str
    about: str
    seconds: float = 0.0

    @property
    def starts_git(self) -> bool:
        """Whether it starts git."""
        return self.name == PROGRAM and self.about.startswith("git ")

    @property
    def of_policies(self) -> bool:
        """Whether it is one of the hundreds of files that OPA reads its rules from."""
        if self.name == PROGRAM:
            return False
        # By a descriptor of its folder, a file is removed by its name alone.
        bare = "/" not in self.about and not self.about.isdigit() and self.about != "index"
        return bare or "/policies/" in self.about


class Doors:
    """Counts the events of this process, and strikes at them."""

    def __init__(self, strike: Strike | None) -> None:
        self._strike = strike
        self._seen: list[tuple[str, str, float]] = []
        self._lock = threading.Lock()
        self._inside = threading.local()

    def watch(self) -> None:
        """See every event of this process from now on: a hook cannot be removed again."""
        sys.addaudithook(self._hook)

    def events(self) -> list[Event]:
        """Those seen so far."""
        ends = [*(at for _, _, at in self._seen[1:]), time.monotonic()]
        seen = zip(self._seen, ends, strict=False)
        return [Event(name, about, end - at) for (name, about, at), end in seen]

    def last(self) -> None:
        """Strike once more after the last event, when the verb has done its work."""
        self._arrive("end", "")

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if found := _door(event, args):
            self._arrive(*found)

    def _arrive(self, name: str, about: str) -> None:
        # What a strike itself opens or starts is not the program's doing.
        if getattr(self._inside, "striking", False):
            return
        self._inside.striking = True
        try:
            with self._lock:
                number = len(self._seen)
                self._seen.append((name, about, time.monotonic()))
            if self._strike:
                self._strike(number, name, about)
        finally:
            self._inside.striking = False


def _door(event: str, args: tuple[Any, ...]) -> tuple[str, str] | None:
    """The name of a write or a start, and what it is about; None for any other event."""
    if event == "open":
        path, _, flags = args
        # By number: the pipes to a child. What is written to devices stays nowhere.
        writes = isinstance(path, str | bytes) and isinstance(flags, int) and flags & _WRITES
        return ("open", os.fsdecode(path)) if writes and "/dev/" not in os.fsdecode(path) else None
    if event == "subprocess.Popen":
        return PROGRAM, _command(list(map(os.fsdecode, args[1])))
    if event in _CHANGES:
        return _CHANGES[event], os.fsdecode(args[0]) if not isinstance(args[0], int) else ""
    return None


def _command(argv: list[str]) -> str:
    """A command line as people write it: git without the options before its verb."""
    name, rest = os.path.basename(argv[0]), argv[1:]
    while rest and name == "git" and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("-c", "-C") else rest[1:]
    return " ".join([name, *rest])
