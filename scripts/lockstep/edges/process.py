"""Starts other programs: the only module that may, without a shell and with clear errors.

No shell, so that no name from a file can become a command. An environment that is given replaces
the caller's as a whole, so that a program sees no secret that it does not need.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lockstep.model.errors import LockstepError

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that the kernel sends to this process when its parent dies."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended: its exit status and the bytes that it wrote."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def error_text(self) -> str:
        """What the program wrote to stderr, for an error message."""
        return self.stderr.decode(errors="replace").strip()

    @property
    def output_text(self) -> str:
        """The same, or what it wrote to stdout where stderr is empty: opa reports errors there."""
        return self.error_text or self.stdout.decode(errors="replace").strip()


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
    LockstepError when the program is missing, cannot be started or does not end in time.
    """
    try:
        done = subprocess.run(  # noqa: S603
            list(argv),
            cwd=cwd,
            env=env,
            timeout=timeout,
            input=stdin or b"",  # never the terminal: a program that asks would wait forever
            capture_output=True,
            check=False,
        )
    # subprocess.run has killed the program by then.
    except subprocess.TimeoutExpired as error:
        raise LockstepError(
            f"{argv[0]} did not end within {timeout:g} seconds",
            fix="run it again; if it happens again, look for a lack of CPU or memory",
        ) from error
    except (OSError, ValueError) as error:
        raise _cannot_start(argv[0], error) from error
    return Completed(done.returncode, done.stdout, done.stderr)


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
            )
        except (OSError, ValueError) as error:
            raise _cannot_start(argv[0], error) from error


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


def _cannot_start(program: str, error: OSError | ValueError) -> LockstepError:
    if isinstance(error, ValueError):  # an argument with a NUL or half a surrogate pair
        fix = "remove characters that are not text from the names that it is given"
        return LockstepError(f"cannot start {program}: {error}", fix=fix)
    return LockstepError(
        f"cannot start {program}: {error.strerror}", fix=f"install {program} or put it on PATH"
    )


def _death_signal(parent: int):  # type: ignore[no-untyped-def]
    """What a new process runs before its program; None where the kernel has no such signal.

    ``kill -9`` gives Lockstep no chance to stop its children. libc is loaded here, because the
    child of a process with threads must not import or allocate much between fork and exec.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before the signal was armed
            # Not sys.exit, which would run the exit handlers of the parent.
            os._exit(1)

    return arm
