"""A work tree that is brought forward: at once, after a kill anywhere, and never over edits."""

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from lockstep.edges import scratch
from lockstep.edges.git import Git
from lockstep.edges.git.checkout import Busy
from tests.unit.edges.repositories import child, commit, git, new_repository

BEFORE = {"a": b"1\n", "b/c": b"1\n", "gone/x": b"1\n", "same": b"1\n"}


@pytest.fixture
def made(tmp_path: Path) -> Git:
    return new_repository(tmp_path / "repository", BEFORE)


def moved(made: Git) -> str:
    return child(made, {"a": b"2\n", "b/c": b"2\n", "gone/x": None, "new/y": b"2\n"})


def head(made: Git) -> str:
    return made.resolve("HEAD") or ""


def status(made: Git) -> str:
    return git(made.root, "status", "--porcelain")


def leftovers(made: Git) -> list[str]:
    found = [*(made.root / ".git").rglob("*.lock"), *(made.root / ".git").glob("lockstep*")]
    return [str(path) for path in [*found, *made.root.rglob(".lockstep*")]]


def test_files_index_and_branch_follow(made: Git) -> None:
    target = moved(made)
    assert made.bring_forward(head(made), target) == ""
    assert head(made) == target and status(made) == "" and leftovers(made) == []
    assert (made.root / "a").read_bytes() == (made.root / "new/y").read_bytes() == b"2\n"
    assert not (made.root / "gone").exists()
    assert git(made.root, "diff-files") == ""


def test_other_files_that_people_have_changed_stay_as_they_are(made: Git) -> None:
    (made.root / "same").write_bytes(b"edited\n")
    (made.root / "staged").write_bytes(b"mine\n")
    git(made.root, "add", "staged")
    (made.root / "new").mkdir()
    (made.root / "new" / "notes.txt").write_bytes(b"mine")
    assert made.bring_forward(head(made), moved(made)) == ""
    assert status(made).splitlines() == [" M same", "A  staged", "?? new/notes.txt"]
    assert (made.root / "same").read_bytes() == b"edited\n"


def edit(made: Git) -> None:
    (made.root / "a").write_bytes(b"edited\n")


def stage(made: Git) -> None:
    edit(made)
    git(made.root, "add", "a")
    (made.root / "a").write_bytes(BEFORE["a"])


def delete(made: Git) -> None:
    (made.root / "b/c").unlink()


def untracked(made: Git) -> None:
    (made.root / "new").mkdir()
    (made.root / "new/y").write_bytes(b"mine")


def a_file_for_a_folder(made: Git) -> None:
    (made.root / "new").write_bytes(b"mine")


def a_folder_for_a_file(made: Git) -> None:
    (made.root / "new/y/z").mkdir(parents=True)


def a_link(made: Git) -> None:
    (made.root / "a").unlink()
    (made.root / "a").symlink_to("same")


def a_link_for_a_folder(made: Git) -> None:
    (made.root / "elsewhere").mkdir()
    (made.root / "new").symlink_to("elsewhere")


def a_lock(made: Git) -> None:
    (made.root / ".git/index.lock").write_bytes(b"")


OBSTACLES = [
    edit, stage, delete, untracked, a_file_for_a_folder, a_folder_for_a_file, a_link,
    a_link_for_a_folder, a_lock,
]  # fmt: skip


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_nothing_is_touched_where_people_have_changed_the_same(
    made: Git, obstacle: Callable[[Git], None]
) -> None:
    obstacle(made)
    before, files = head(made), snapshot(made)
    assert refused(made, before)
    assert head(made) == before and snapshot(made) == files


def refused(made: Git, base: str) -> str:
    try:
        return made.bring_forward(base, moved(made))
    except Busy as error:
        return error.message


def snapshot(made: Git) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    for path in made.root.rglob("*"):
        if ".git" not in path.parts and (path.is_symlink() or not path.is_dir()):
            found[str(path)] = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return found | {"index": git(made.root, "ls-files", "--stage")}


def test_a_file_that_is_there_already_as_it_will_be_is_no_obstacle(made: Git) -> None:
    (made.root / "a").write_bytes(b"2\n")
    (made.root / "new").mkdir()
    (made.root / "new/y").write_bytes(b"2\n")
    target = moved(made)
    assert made.bring_forward(head(made), target) == ""
    assert head(made) == target and status(made) == ""


def test_a_file_of_a_commit_in_between_is_no_obstacle(made: Git) -> None:
    first = head(made)
    between = child(made, {"a": b"2\n"})
    target = child(made, {"a": b"3\n"}, between)
    (made.root / "a").write_bytes(b"2\n")
    assert made.bring_forward(first, target) == ""
    assert (made.root / "a").read_bytes() == b"3\n" and status(made) == ""


def test_line_endings_and_modes_are_as_git_would_write_them(made: Git) -> None:
    commit(made.root, {".gitattributes": b"a text eol=crlf\n"})
    git(made.root, "rm", "-q", "--cached", "a")
    git(made.root, "reset", "-q", "--hard")
    (made.root / "a").unlink()
    git(made.root, "checkout", "-q", "--", "a")
    assert (made.root / "a").read_bytes() == b"1\r\n"
    (made.root / "b/c").chmod(0o755)
    git(made.root, "commit", "-qam", "executable")
    target = child(made, {"a": b"2\n"})
    git(made.root, "reset", "-q", "--hard", "HEAD^")
    assert not os.access(made.root / "b/c", os.X_OK)
    assert made.bring_forward(head(made), target) == ""
    assert (made.root / "a").read_bytes() == b"2\r\n"
    assert os.access(made.root / "b/c", os.X_OK) and status(made) == ""


class Killed(BaseException):
    """As if the process had ended there."""


@pytest.mark.parametrize("after", range(8))
def test_a_run_that_is_killed_is_finished_by_the_next_one(
    made: Git, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, target = head(made), moved(made)
    calls = [0]

    def killing(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **given: object) -> object:
            calls[0] += 1
            if calls[0] > after:
                raise Killed
            return call(*args, **given)

        return counted

    with monkeypatch.context() as patched:
        patched.setattr(scratch, "move", killing(scratch.move))
        patched.setattr(os, "link", killing(os.link))
        patched.setattr(Path, "unlink", killing(Path.unlink))
        patched.setattr(Git, "move_branch", killing(Git.move_branch))
        with suppress(Killed):
            made.bring_forward(first, target)
    # What a dead run has taken is released before anything else: see test_leftovers.
    (made.root / ".git/index.lock").unlink(missing_ok=True)
    later = child(made, {"a": b"3\n"}, target)
    assert made.bring_forward(head(made), later) == ""
    assert head(made) == later and status(made) == "" and leftovers(made) == []


def test_git_cannot_change_the_index_meanwhile(made: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    target, real, said = moved(made), scratch.move, []

    def slow(one: Path, other: Path) -> None:
        done = subprocess.run(
            ["git", "add", "same"], cwd=made.root, capture_output=True, check=False
        )
        said.append(done.stderr.decode())
        real(one, other)

    monkeypatch.setattr(scratch, "move", slow)
    assert made.bring_forward(head(made), target) == ""
    assert said and all("index.lock" in each for each in said)
    assert status(made) == "" and leftovers(made) == []
