"""Starts other programs: the only module that may, without a shell and with clear errors.

No shell, so that no name from a file can become a command. An environment that is given replaces
the caller's as a whole, so that a program sees no secret that it does not need.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import stopping
from lockstep.edges.os_errors import advice, reason
from lockstep.model.errors import LockstepError

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that the kernel sends to this process when its parent dies."""

_SENT_FOR: Mapping[int, str] = {
    signal.SIGXFSZ: "the limit on the size of files, ulimit -f",
    signal.SIGXCPU: "the limit on CPU time, ulimit -t",
    signal.SIGKILL: "sent by a user, or by the system for a lack of memory",
    signal.SIGSEGV: "a crash",
}


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended: its exit status and the bytes that it wrote."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def error_text(self) -> str:
        """What the program wrote to stderr, for an error message.

        Where it wrote nothing because a signal ended it, this says which, and what sends it.
        """
        return _text(self.stderr) or _ending(self.returncode)

    @property
    def output_text(self) -> str:
        """The same, or what it wrote to stdout where stderr is empty: opa reports errors there."""
        return _text(self.stderr) or _text(self.stdout) or _ending(self.returncode)


def _text(data: bytes) -> str:
    return data.decode(errors="replace").strip()


def _ending(returncode: int) -> str:
    """By which signal a program was ended; empty where it ended by itself."""
    if returncode >= 0:
        return ""
    try:
        name = signal.Signals(-returncode).name
    except ValueError:  # real-time signals have no name
        name = str(-returncode)
    cause = _SENT_FOR.get(-returncode)
    return f"ended by signal {name} ({cause})" if cause else f"ended by signal {name}"


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Completed:
    """Run a program to its end. ``env`` replaces the environment; ``timeout`` is in seconds.

    A status other than zero raises nothing: what it means depends on the program. Raises
    LockstepError when the program is missing, cannot be started or does not end in time; then it
    is killed with all programs that it has started, such as the ssh of a git.
    """
    stopping.raise_stopped()
    pipe = subprocess.PIPE
    try:
        # Never the terminal as stdin: a program that asks would wait forever.
        child = subprocess.Popen(  # noqa: S603
            list(argv), cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe
        )
    except (OSError, ValueError) as error:
        raise _cannot_start(argv[0], error) from error
    with child:
        try:
            stdout, stderr = child.communicate(stdin or b"", timeout)
        except subprocess.TimeoutExpired as error:
            _kill_tree(child)
            raise LockstepError(
                f"{argv[0]} did not end within {timeout:g} seconds",
                fix="run it again; if it happens again, look for a lack of CPU or memory, and for "
                "a server that does not answer",
            ) from error
        except BaseException:  # Ctrl-C, for example
            _kill_tree(child)
            raise
    return Completed(child.returncode, stdout, stderr)


def start(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stderr: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that the kernel stops when this process dies, even by ``kill -9`` (Linux).

    What it writes to stderr goes to the file ``stderr``, or nowhere: nothing reads a pipe, and a
    full one would block the program. The caller stops it.
    """
    with open(stderr or os.devnull, "wb") as sink:
        try:
            return subprocess.Popen(  # noqa: S603
                list(argv),
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=sink,
                preexec_fn=_death_signal(os.getpid()),  # noqa: PLW1509
                # Ctrl-C is for Lockstep, which stops what it started: a server that ends by itself
                # would look like one that is broken.
                process_group=0,
            )
        except (OSError, ValueError) as error:
            raise _cannot_start(argv[0], error) from error


class Coprocess:
    """A program that answers on stdout what it is asked on stdin, until it is closed.

    It must end when its stdin does, which also happens when this process dies. ``argv`` and so on
    are as in ``run``, and so is what the constructor raises. The methods raise OSError or
    ValueError where the program has ended.
    """

    def __init__(
        self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        stopping.raise_stopped()
        pipe = subprocess.PIPE
        try:
            self._child = subprocess.Popen(  # noqa: S603
                list(argv), cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
            )
        except (OSError, ValueError) as error:
            raise _cannot_start(argv[0], error) from error
        assert self._child.stdin and self._child.stdout  # noqa: S101
        self._questions, self._answers = self._child.stdin, self._child.stdout

    def send(self, text: bytes) -> None:
        """Ask; the pipe to the program must have room for it."""
        self._questions.write(text)
        self._questions.flush()

    def line(self) -> bytes:
        """The next line of its answers, with the line break; empty where it has ended."""
        return self._answers.readline()

    def read(self, size: int) -> bytes:
        """So many bytes of its answers, fewer only where it has ended."""
        return self._answers.read(size)

    def close(self) -> None:
        """End the program. Safe to call twice."""
        with suppress(OSError):  # it may have ended already
            self._questions.close()
        self._answers.close()
        stop(self._child)


def stop(child: subprocess.Popen[bytes], *, patience: float = 2.0) -> None:
    """End a started program: ask, wait ``patience`` seconds, then kill. Safe to call twice."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
    # Once more after a kill: a child that nothing waits for stays as a zombie.
    child.wait()


def _kill_tree(child: subprocess.Popen[bytes]) -> None:
    """Kill a program and all that it has started.

    Not by a process group of its own: in one, ssh could not ask for a passphrase on the terminal,
    and Ctrl-C would not reach it.
    """
    started = _descendants(child.pid)
    child.kill()
    for pid in started:
        with suppress(OSError):  # it has ended by now
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    """The ids of all processes below one, where /proc shows them."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end meanwhile; the name of its program, in brackets, may hold anything.
        with suppress(OSError, IndexError, ValueError):
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
            below.setdefault(int(parent), []).append(int(stat.parent.name))
    found = list(below.get(pid, ()))
    for each in found:
        found += below.get(each, ())
    return found


def _cannot_start(program: str, error: OSError | ValueError) -> LockstepError:
    if isinstance(error, ValueError):  # an argument with a NUL or half a surrogate pair
        fix = "remove characters that are not text from the names that it is given"
        return LockstepError(f"cannot start {program}: {error}", fix=fix)
    return LockstepError(
        f"cannot start {program}: {reason(error)}",
        fix=advice(error, f"install {program} or put it on PATH"),
    )


def _death_signal(parent: int):  # type: ignore[no-untyped-def]
    """What a new process runs before its program; None where the kernel has no such signal.

    ``kill -9`` gives Lockstep no chance to stop its children. libc is loaded here, because the
    child of a process with threads must not import or allocate much between fork and exec.
    """
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # git, which is all that most runs start, needs none of it

    libc = ctypes.CDLL(None)

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before the signal was armed
            # Not sys.exit, which would run the exit handlers of the parent.
            os._exit(1)

    return arm
