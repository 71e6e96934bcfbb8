"""Runs whole programs, and measures how long they take and how much memory they need at most."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# A process of its own: what a child needs is at least what its parent had when it was forked. The
# usage that wait4 gives is that of the child and of all its children, such as OPA.
_MEASURE = """\
import json, os, sys, time
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - began
print()
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss]))
"""
_UNITS = 2**20 if sys.platform == "darwin" else 2**10
"""Of ru_maxrss in one MiB."""


@dataclass
class Samples:
    """What the runs of one program took: seconds, and MiB of its largest process."""

    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The run that other programs on the machine have disturbed least."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def peak(self) -> float:
        """MiB."""
        return max(self.memory)

    def measure(self, root: Path, *argv: str, **environment: str) -> None:
        """Run a program in ``root`` once more; ends this one where that fails."""
        measured = (sys.executable, "-S", "-c", _MEASURE, *argv)
        said = run_process(root, *measured, accepted=(0,), **environment)
        code, seconds, memory = json.loads(said.splitlines()[-1])
        if code:
            sys.exit(f"{' '.join(argv)} ended with {code}:\n{said[-4000:]}")
        self.seconds.append(seconds)
        self.memory.append(memory / _UNITS)


def run_process(root: Path, *argv: str, accepted: Sequence[int] = (0,), **environment: str) -> str:
    """Run a program in ``root`` to its end: what it printed.

    Ends this one where its exit code is not accepted.
    """
    # As it is installed: with bytecode, whatever the caller's environment says about writing it.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in accepted:
        said = (done.stdout + done.stderr)[-4000:]
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{said}")
    return done.stdout
