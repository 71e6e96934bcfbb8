"""What a run that was killed has left in a repository: locks of git, and an unfinished checkout.

git takes a reference or the index by making a lock file. If it is killed, the lock stays, and no
git command can move that reference again. A person's git may hold the same lock, so it is removed
only where a run of Lockstep noted that it might leave it, and that run is dead.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from lockstep.edges import scratch
from lockstep.edges.git.checkout import LOCK_MARK, Busy, is_taken
from lockstep.edges.git.repository import Git
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import one_line

_NOTE = "run.json"


class _Moved(msgspec.Struct, frozen=True):
    """A checked-out branch that moves: its work tree, and the commits before and after."""

    work_tree: str
    base: str
    commit: str


class _Said(msgspec.Struct, frozen=True):
    """The content of a note."""

    locks: tuple[str, ...] = ()
    moved: tuple[_Moved, ...] = ()


class RunNote:
    """What one run is about to do in a repository, in a folder of the git folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = _Said()

    def reference(self, git: Git, name: str) -> None:
        """Note that this run may move a reference (its full name), or lock ``shallow``."""
        lock = str(git.path_of(f"{name}.lock"))
        self._write(replace(self._said, locks=(*self._said.locks, lock)))

    def release_locks(self) -> None:
        """Remove the locks of noted references that are still there: the run's git was killed."""
        _release(self._said.locks)

    def moves(self, work_tree: Path, base: str, commit: str) -> None:
        """Note that this run brings a work tree from ``base`` to ``commit``."""
        moved = _Moved(str(work_tree), base, commit)
        self._write(replace(self._said, moved=(*self._said.moved, moved)))

    def finish_moves(self) -> str:
        """Bring the noted work trees forward; why not, or empty text.

        It raises nothing: no decision depends on a work tree. What could not be finished stays
        noted, for the next run.
        """
        behind = []
        for moved in self._said.moved:
            try:
                behind.append(Git(Path(moved.work_tree)).bring_forward(moved.base, moved.commit))
            except LockstepError as error:
                behind.append(one_line(error.message, 400))
                if not isinstance(error, Busy):
                    continue
            left = tuple(each for each in self._said.moved if each != moved)
            self._said = replace(self._said, moved=left)
        return "; ".join(filter(None, behind))

    def forget_moves(self) -> None:
        """Note that the work trees stay where they are."""
        self._said = replace(self._said, moved=())

    @property
    def is_settled(self) -> bool:
        """Whether no work tree is, or may be, half-way."""
        return not self._said.moved

    def _write(self, said: _Said) -> None:
        self._said = said
        new = self._folder / f"{_NOTE}.new"
        new.write_bytes(msgspec.json.encode(said))
        os.replace(new, self._folder / _NOTE)


@contextmanager
def run_note(git: Git) -> Iterator[RunNote]:
    """Clean up after runs that are dead, and note what this one does until it ends."""
    place = git.git_folder()
    left = scratch.abandoned(place)
    # All of them first: a run holds the index in another folder than its note.
    for folder in left:
        _release_index(folder)
    for folder in left:
        if _clean_up(folder):
            scratch.remove_folder(folder)
    folder = scratch.make_folder(place)
    note = RunNote(folder)
    before, git.before_lock = git.before_lock, partial(note.reference, git)
    try:
        yield note
    finally:
        git.before_lock = before
        note.release_locks()
        # A signal, or a full disk, may have stopped this run in the middle of a work tree.
        if note.is_settled:
            scratch.remove_folder(folder)
        else:
            scratch.leave_folder(folder)


def _clean_up(folder: Path) -> bool:
    """Whether nothing of a dead run is left to do."""
    try:
        said = msgspec.json.decode((folder / _NOTE).read_bytes(), type=_Said)
    except (OSError, msgspec.MsgspecError):  # it was killed before it had done anything
        return True
    _release(said.locks)
    try:
        for moved in said.moved:
            _finish_checkout(moved)
    except LockstepError:  # a person's git holds the index, for example
        return False
    return True


def _release(locks: Iterable[str]) -> None:
    """Remove locks, unless a git that lives gives one up by itself: it holds it for an instant."""
    for lock in map(Path, locks):
        if is_taken(lock):
            lock.unlink(missing_ok=True)


def _release_index(folder: Path) -> None:
    """Remove index.lock where it is the very file with which the dead run took it."""
    lock = folder.parent / "index.lock"
    with suppress(OSError):
        if os.path.samefile(lock, folder / LOCK_MARK):
            lock.unlink()


def _finish_checkout(moved: _Moved) -> None:
    """Bring files to where a dead run was bringing them, or to where their branch is since."""
    git = Git(Path(moved.work_tree))
    head = git.resolve("HEAD")
    if head == moved.base:
        git.bring_forward(moved.base, moved.commit)
    elif head is not None and git.is_ancestor(moved.commit, head):
        git.bring_forward(moved.base, head)
