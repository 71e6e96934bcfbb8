"""What a run that was killed has left in a repository: locks of git, and an unfinished checkout.

git takes a reference or the index by making a lock file. If it is killed, the lock stays, and no
git command can move that reference again. A person's git may hold the same lock, so it is removed
only where a run of Lockstep noted that it might leave it, and that run is dead.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lockstep.edges import scratch
from lockstep.edges.git.repository import Git
from lockstep.model.document import Json

_NOTE = "run.json"
_INDEX = "index"
_PATIENCE, _INSTANT = 10, 0.05
"""How often to look whether a lock is gone, and seconds between."""


class RunNote:
    """What one run is about to do in a repository, in a folder of the git folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said: dict[str, Json] = {}

    def references(self, git: Git, names: Sequence[str]) -> None:
        """Note that this run may move these references (full names)."""
        locks = [git.path_of(f"{name}.lock") for name in names]
        self._write(locks=[*self._said.get("locks", []), *map(str, locks)])

    def moves(self, work_tree: Path, base: str, commit: str) -> None:
        """Note that this run moves the branch that is checked out there, before its files."""
        self._write(moved={"workTree": str(work_tree), "base": base, "commit": commit})

    def _write(self, **facts: Json) -> None:
        self._said |= facts
        new = self._folder / f"{_NOTE}.new"
        new.write_text(json.dumps(self._said))
        os.replace(new, self._folder / _NOTE)


@contextmanager
def run_note(git: Git) -> Iterator[RunNote]:
    """Clean up after runs that are dead, and note what this one does until it ends."""
    place = git.path_of("")
    for folder in scratch.abandoned(place):
        _clean_up(git, folder)
        scratch.remove_folder(folder)
    with scratch.folder(place) as folder:
        yield RunNote(folder)


def _clean_up(git: Git, folder: Path) -> None:
    _release_index(folder)
    try:
        said = json.loads((folder / _NOTE).read_text())
    except (OSError, ValueError):  # it was killed before it had done anything
        return
    for lock in map(Path, said.get("locks", [])):
        _release(lock)
    if moved := said.get("moved"):
        _finish_checkout(Git(Path(moved["workTree"])), moved["base"], moved["commit"])


def _release(lock: Path) -> None:
    """Remove a lock, unless a git that lives gives it up by itself: it holds one for an instant."""
    for _ in range(_PATIENCE):
        if not lock.exists():
            return
        time.sleep(_INSTANT)
    lock.unlink(missing_ok=True)


def _release_index(folder: Path) -> None:
    """Remove index.lock where it is the very file that the dead run was about to install."""
    lock = folder.parent / "index.lock"
    with suppress(OSError):
        if os.path.samefile(lock, folder / _INDEX):
            lock.unlink()


def _finish_checkout(git: Git, base: str, commit: str) -> None:
    """Bring files to where their branch is already, which a dead run could not do any more."""
    head = git.resolve("HEAD")
    if head == commit or (head is not None and git.is_ancestor(commit, head)):
        git.bring_forward(base, head)
