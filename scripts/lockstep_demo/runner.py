"""Starts the demo if all of its parts are installed."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from lockstep.model.errors import LockstepError

_PARTS = ("mlflow", "numpy", "pandas", "sklearn", "sqlalchemy")


def run(folder: Path, invoke: Callable[[list[str]], tuple[int, str]], out: TextIO) -> None:
    """Run the demo in ``folder``, new or empty, and write its story to ``out``.

    ``invoke`` runs a command line of Lockstep in this process and gives its exit code and what
    it printed. Raises LockstepError if a part is missing or the folder is in use, and its subclass
    ClaimFailed if a claim of the demo does not hold.
    """
    for part in _PARTS:
        try:
            importlib.import_module(part)
        except ModuleNotFoundError as error:
            raise LockstepError(
                f"the demo needs {part}", fix="install lockstep[registry]: make setup"
            ) from error
    # Imported late: it needs the parts that were just looked for.
    from lockstep_demo.story import play

    play(folder, invoke, out)
