"""Where the templates and policies that ship with Lockstep are, however it was installed."""

from pathlib import Path
from typing import Literal

from lockstep.model.errors import LockstepError

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT = _PACKAGE.parent.parent


def resource_dir(name: Literal["templates", "policies"]) -> Path:
    """The folder that ships under ``name``: in the installed package, or in the checkout.

    The package comes first: what is two folders above it may be anything once it is installed.
    Raises LockstepError where neither has it.
    """
    for candidate in (_PACKAGE / "_data" / name, _CHECKOUT / name):
        if candidate.is_dir():
            return candidate
    raise LockstepError(
        f"this installation of Lockstep has no {name}/", fix="install it again: make setup"
    )


def tool_dir() -> Path:
    """Where ``make tools`` builds the Go programs; the folder need not exist."""
    return _CHECKOUT / "tools" / "bin"
