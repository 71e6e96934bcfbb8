"""What a killed run leaves in a repository goes with the next one; what others hold stays."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from lockstep.edges import scratch
from lockstep.edges.git import Git
from lockstep.edges.git.leftovers import run_note
from tests.unit.edges.repositories import child, git, new_repository

DIE = """
import os, signal, sys
from pathlib import Path
from lockstep.edges.git import Git
from lockstep.edges.git.leftovers import run_note

git = Git(Path(sys.argv[1]))
with run_note(git) as note:
    for name in ("refs/heads/main", "refs/remotes/origin/main"):
        note.reference(git, name)
    {what}
    os.kill(os.getpid(), signal.SIGKILL)
"""


def die(made: Git, what: str = "pass", *arguments: str) -> None:
    """Run something in a process of its own, which is killed in the middle of it."""
    done = subprocess.run(
        [sys.executable, "-c", DIE.format(what=what), str(made.root), *arguments], check=False
    )
    assert done.returncode == -9


def left(made: Git) -> list[Path]:
    inside = made.git_folder()
    return [*inside.glob("lockstep*"), *inside.rglob("*.lock")]


@pytest.fixture
def made(tmp_path: Path) -> Git:
    return new_repository(tmp_path, {"a": b"1\n", "b": b"1\n"})


def test_a_run_that_ends_leaves_nothing(made: Git) -> None:
    with run_note(made) as note:
        note.reference(made, "refs/heads/main")
        assert len(left(made)) == 1
    assert left(made) == []


def test_the_lock_of_a_git_that_was_killed_goes_with_the_run_that_started_it(made: Git) -> None:
    with run_note(made) as note:
        note.reference(made, "refs/heads/main")
        for lock in ("refs/heads/main.lock", "refs/heads/other.lock"):
            (made.git_folder() / lock).touch()
    assert [path.name for path in left(made)] == ["other.lock"]


def test_the_locks_that_a_dead_run_noted_are_released_and_no_others(made: Git) -> None:
    die(made)
    for lock in ("refs/heads/main.lock", "refs/heads/other.lock", "HEAD.lock"):
        (made.git_folder() / lock).touch()
    with run_note(made):
        pass
    assert [path.name for path in left(made)] == ["HEAD.lock", "other.lock"]


def test_the_index_is_released_where_the_dead_run_held_it(made: Git) -> None:
    die(made, "held = git._locked_index(); held.__enter__()")
    assert made.path_of("index.lock").exists()
    with run_note(made):
        pass
    assert left(made) == []
    made.path_of("index.lock").touch()
    die(made)
    with run_note(made):
        pass
    assert left(made) == [made.path_of("index.lock")], "it is somebody else's"


@pytest.mark.parametrize("published", [False, True])
def test_a_checkout_that_was_not_finished_is(made: Git, published: bool) -> None:
    base = made.resolve("HEAD") or ""
    target = child(made, {"a": b"2\n", "b": b"2\n", "c": b"2\n"})
    die(made, "note.moves(git.root, *sys.argv[2:])", base, target)
    (made.root / "a").write_bytes(b"2\n")
    (made.root / "notes.txt").write_bytes(b"mine")
    if published:
        git(made.root, "update-ref", "refs/heads/main", target)
    with run_note(made):
        pass
    assert made.resolve("HEAD") == target
    assert git(made.root, "status", "--porcelain") == "?? notes.txt"


def test_a_checkout_is_finished_though_the_dead_run_holds_the_index(made: Git) -> None:
    base = made.resolve("HEAD") or ""
    target = child(made, {"a": b"2\n"})
    # Its two folders have random names, of which either may be the first.
    for _ in range(4):
        die(
            made,
            "note.moves(git.root, *sys.argv[2:]); held = git._locked_index(); held.__enter__()",
            base,
            target,
        )
        with run_note(made):
            pass
        assert made.resolve("HEAD") == target and left(made) == []
        git(made.root, "reset", "--quiet", "--hard", base)


@pytest.mark.parametrize("stop", [SystemExit(143), KeyboardInterrupt(), OSError(28, "no room")])
def test_a_checkout_that_is_stopped_is_finished_by_the_next_run(
    made: Git, stop: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = made.resolve("HEAD") or ""
    target = child(made, {"a": b"2\n", "b": b"2\n"})
    calls = []

    def failing(one: Path, other: Path) -> None:
        calls.append(one)
        if len(calls) > 1:
            raise stop
        os.replace(one, other)

    with monkeypatch.context() as patched:
        patched.setattr(scratch, "move", failing)
        with suppress(SystemExit, KeyboardInterrupt), run_note(made) as note:
            note.moves(made.root, base, target)
            assert note.finish_moves() != ""
    # The next run knows by the process that the note is of a dead one.
    monkeypatch.setattr(scratch, "_lives", lambda pid, start: False)
    with run_note(made):
        pass
    assert made.resolve("HEAD") == target
    assert git(made.root, "status", "--porcelain") == ""
    assert left(made) == []


def test_a_busy_index_leaves_no_note(made: Git) -> None:
    base = made.resolve("HEAD") or ""
    target = child(made, {"a": b"2\n"})
    made.path_of("index.lock").touch()
    with run_note(made) as note:
        note.moves(made.root, base, target)
        assert "index.lock" in note.finish_moves()
    assert left(made) == [made.path_of("index.lock")]


def test_a_live_run_keeps_what_it_has(made: Git) -> None:
    with run_note(made) as first:
        first.reference(made, "refs/heads/main")
        made.path_of("refs/heads/main.lock").touch()
        with run_note(made):
            assert made.path_of("refs/heads/main.lock").exists()


@pytest.mark.parametrize("note", [b"", b"{", b"[]", json.dumps({"moved": {}}).encode()])
def test_a_note_that_says_nothing_stops_nothing(made: Git, note: bytes) -> None:
    die(made)
    (folder,) = (path for path in left(made) if path.is_dir())
    (folder / "run.json").write_bytes(note)
    with run_note(made):
        pass
    assert left(made) == []
    assert os.listdir(made.root)
