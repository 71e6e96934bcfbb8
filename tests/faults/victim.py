"""The process in which a verb runs while a fault is armed: in a session of its own.

It is forked from a process that has imported the program and its libraries already. That saves the
seconds that an import takes, for each of thousands of tries. The verb itself runs as in a process
of its own: its environment, streams, signals, limits and exit code are those of a command line.
"""

import contextlib
import fcntl
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from tests.acceptance.world import World
from tests.faults.doors import Doors, Event, Strike

_PATIENCE = 120.0  # seconds; a verb that takes longer hangs
_PIPE = 1 << 20  # more than any verb prints, so that nothing has to read while it runs
TOOLS = Path(__file__).resolve().parents[2] / "tools" / "bin"


@dataclass(frozen=True)
class Ran:
    """A run that has ended: its exit code (minus the signal that killed it), output and events."""

    code: int
    said: str
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Trap:
    """What a run meets: a strike at events, soft limits of resources, and where its output goes."""

    strike: Strike | None = None
    limits: tuple[tuple[int, int], ...] = ()
    output: str = ""


@dataclass
class Running:
    """A verb that runs; ``session`` holds it and its children, without the remote's side."""

    session: int
    _output: int
    _deadline: float = field(default_factory=lambda: time.monotonic() + _PATIENCE)

    def wait(self) -> Ran:
        """Wait for its end. A run that hangs is killed, and its code says so."""
        while True:
            ended, status = os.waitpid(self.session, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > self._deadline:
                os.killpg(self.session, signal.SIGKILL)
            time.sleep(0.005)
        os.set_blocking(self._output, False)
        said, chunk = b"", b"."
        while chunk:
            try:
                chunk = os.read(self._output, _PIPE)
            except BlockingIOError:  # a child that lives on holds the pipe open
                break
            said += chunk
        os.close(self._output)
        head, _, events = said.partition(_MARK)
        seen: list[Event] = pickle.loads(events) if events else []
        return Ran(os.waitstatus_to_exitcode(status), head.decode(errors="replace"), tuple(seen))


_MARK = b"\0events\0"


def preload() -> None:
    """Import what the verbs import, so that their processes need not."""
    import mlflow.store.model_registry.sqlalchemy_store
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

    import lockstep.cli.checks
    import lockstep.cli.rollouts
    import lockstep.commands.advance
    import lockstep.commands.audit
    import lockstep.commands.check
    import lockstep.commands.propose
    import lockstep.commands.revert  # noqa: F401
    from lockstep.registry.mlflow.client import load_mlflow

    load_mlflow()


def run(
    world: World, arguments: Sequence[str], trap: Trap | None = None, root: Path | None = None
) -> Ran:
    """Run one command line to its end, in the clone or in another folder."""
    return start(world, arguments, trap, root).wait()


def start(
    world: World, arguments: Sequence[str], trap: Trap | None = None, root: Path | None = None
) -> Running:
    """Start one command line in the clone or in another folder."""
    trap = trap or Trap()
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, _PIPE)
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        os.close(writes)
        return Running(pid, reads)
    _become(world, arguments, trap, root or world.clone, writes)


def _become(
    world: World, arguments: Sequence[str], trap: Trap, root: Path, output: int
) -> NoReturn:
    """Turn this forked process into one of the program, which never returns."""
    code = 1
    try:
        os.setsid()
        _streams(trap.output, output)
        _environment(world, root)
        for limited, value in trap.limits:
            hard = resource.getrlimit(limited)[1]
            resource.setrlimit(limited, (value, hard))
        doors = Doors(trap.strike)
        doors.watch()
        code = _program(arguments)
        events = doors.events()
        doors.last()
        os.write(output, _MARK + pickle.dumps(events))
    except BaseException:
        with contextlib.suppress(BaseException):
            os.write(output, traceback.format_exc().encode())
    finally:
        os._exit(code & 0xFF)


def _program(arguments: Sequence[str]) -> int:
    """What the console script does with a command line; its exit code."""
    from lockstep.cli import main

    sys.argv = ["lockstep", *arguments]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _streams(named: str, output: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(named, os.O_WRONLY) if named else output, 1)
    os.dup2(output, 2)
    # Of its own: the objects of the parent may hold a position in a file.
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _environment(world: World, root: Path) -> None:
    """The environment of a runner: temporary files, cache and settings of the try's own."""
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "GIT_", "LOCKSTEP_"))]:
        del os.environ[name]
    os.environ.update(environment(world))
    (world.folder / "tmp").mkdir(exist_ok=True)
    tempfile.tempdir = None  # found anew, from TMPDIR
    sys.dont_write_bytecode = True
    os.chdir(root)


def environment(world: World) -> dict[str, str]:
    """The variables that differ from those of this process."""
    path = os.environ.get("PATH", os.defpath)
    return {
        "PATH": path if str(TOOLS) in path else os.pathsep.join((str(TOOLS), path)),
        "TMPDIR": str(world.folder / "tmp"),
        "LOCKSTEP_CACHE": str(world.folder / "cache"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
