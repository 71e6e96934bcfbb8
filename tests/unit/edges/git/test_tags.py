"""Tags of a remote and of a repository alone: read whole, bounded, and without a trace."""

from pathlib import Path

import pytest

from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError
from tests.unit.edges.repositories import another_clone, commit, git, with_remote

START = "lockstep/approve/ab"


def read(made: Git, largest: int = 1000, *, local: bool = False) -> dict[str, tuple[bytes, str]]:
    remote = None if local else made.remotes()[0]
    found = made.read_tags(remote, START, lambda name: "/x" not in name[len(START) :], largest)
    return {each.name.removeprefix(START): (each.data, each.problem) for each in found}


def test_tags_are_read_at_the_remote_and_leave_nothing_here(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    other = another_clone(tmp_path, remote).root
    commit(other, {"new.txt": b"new"})
    git(other, "tag", "-a", "-m", "yes", f"{START}1")
    git(other, "tag", f"{START}2")
    git(other, "tag", "-a", "-m", "y" * 2000, f"{START}3")
    for name in ("/x", "cd"):
        git(
            other, "tag", "-a", "-m", "no", f"{START}4{name}" if name == "/x" else f"{START[:-2]}cd"
        )
    git(other, "push", "--quiet", "origin", "--tags")
    found = read(made)
    assert list(found) == ["1", "2", "3"]
    data, problem = found["1"]
    assert data.startswith(b"object ") and data.endswith(b"\n\nyes\n") and not problem
    assert "lightweight" in found["2"][1] and "larger than 1000 bytes" in found["3"][1]
    assert git(made.root, "tag") == ""
    assert not made.has_objects(git(other, "rev-parse", f"{START}1"))


def test_without_a_remote_the_tags_here_count(tmp_path: Path) -> None:
    made, _ = with_remote(tmp_path)
    git(made.root, "tag", "-a", "-m", "yes", f"{START}1")
    assert list(read(made, local=True)) == ["1"] and read(made) == {}


def test_many_tags_are_read_up_to_a_bound(tmp_path: Path) -> None:
    made, _ = with_remote(tmp_path)
    for number in range(25):
        git(made.root, "tag", "-a", "-m", "yes", f"{START}{number:02}")
    git(made.root, "push", "--quiet", "origin", "--tags")
    assert list(read(made)) == [f"{number:02}" for number in range(20)]


def test_a_remote_that_cannot_be_asked_is_an_error(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    remote.rename(tmp_path / "gone")
    with pytest.raises(LockstepError, match="git ls-remote"):
        read(made)
