"""Starts the demo where all of its parts are installed."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from lockstep.model.errors import LockstepError

_PARTS = ("mlflow", "numpy", "pandas", "sklearn", "sqlalchemy")


def run(folder: Path, invoke: Callable[[list[str]], tuple[int, str]], out: TextIO) -> None:
    """Play the demo in ``folder``, new or empty, and tell it on ``out``.

    ``invoke`` runs a command line of Lockstep in this process and gives its exit code and what
    it printed. Raises LockstepError where a part is missing or the folder is in use, and its
    subclass ClaimFailed where something that the demo shows does not hold.
    """
    for part in _PARTS:
        try:
            importlib.import_module(part)
        except ModuleNotFoundError as error:
            raise LockstepError(
                f"the demo needs {part}", fix="install lockstep[registry]: make setup"
            ) from error
    from lockstep_demo.plot import play

    play(folder, invoke, out)
