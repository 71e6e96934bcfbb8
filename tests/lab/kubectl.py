"""kubectl, as a program: errors hold what it said."""

import os
import shutil
import sys
from pathlib import Path

from lockstep.edges import process
from lockstep.model.errors import LockstepError

_PATIENCE = 180.0


def find_kubectl() -> Path:
    """The kubectl of this environment, or the one on PATH; raises LockstepError without one."""
    beside = Path(sys.executable).parent / "kubectl"
    found = beside if beside.is_file() else shutil.which("kubectl")
    if found:
        return Path(found)
    raise LockstepError("there is no kubectl", fix="make setup")


def run_kubectl(
    kubeconfig: Path, *args: str, given: str | None = None, context: str | None = None
) -> str:
    """What a command of kubectl says; raises LockstepError where it fails."""
    home = kubeconfig.parent / "home"
    argv = [str(find_kubectl()), f"--kubeconfig={kubeconfig}", f"--cache-dir={home}/kubectl"]
    argv += [f"--context={context}"] if context else []
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)}
    stdin = None if given is None else given.encode()
    done = process.run([*argv, *args], stdin=stdin, env=environment, timeout=_PATIENCE)
    if done.returncode != 0:
        raise LockstepError(f"kubectl {' '.join(args)} failed: {done.error_text}")
    return done.stdout.decode()
