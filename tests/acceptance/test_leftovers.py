"""What a killed run leaves behind does no harm, and is gone after the next run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.edges import scratch
from tests.acceptance.test_bad_luck import wait_for
from tests.acceptance.world import FAMILY, START, World, lockstep_process

# The program itself, which is killed before it puts a file that it has written in its place.
KILLED_WHILE_WRITING = """
import os, signal
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from lockstep.cli import main
main()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files; nothing is kept in a cache."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("LOCKSTEP_CACHE", "")
    return folder


def kill_while_writing(world: World, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_WRITING, *arguments], cwd=world.clone, check=False,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL


def left_in(world: World) -> list[str]:
    return [path.name for path in world.clone.rglob(".lockstep-*")]


def run(world: World, *arguments: str) -> tuple[int, str]:
    """A whole run as a process: it has not swept anything yet."""
    process = lockstep_process(*arguments, cwd=world.clone)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def test_after_a_killed_lock_a_check_is_clean_and_the_next_lock_tidies_up(world: World) -> None:
    lock = ("lock", FAMILY, "2", "--now", START, "--registry-uri", world.registry)
    kill_while_writing(world, *lock)
    (left,) = left_in(world)
    assert scratch.is_temporary(left)
    code, said = run(world, "check", "--now", START)
    assert code == 0, said
    code, said = run(world, *lock)
    assert code == 0, said
    assert left_in(world) == []


def test_after_a_killed_render_the_next_one_tidies_up(world: World) -> None:
    gone = next((world.clone / "rendered").rglob("service.yaml"))
    kept = gone.read_bytes()
    gone.unlink()
    kill_while_writing(world, "render")
    assert len(left_in(world)) == 1
    code, said = run(world, "render")
    assert code == 0, said
    assert left_in(world) == [] and gone.read_bytes() == kept and world.is_clean()


def test_after_a_killed_check_the_next_one_tidies_up(world: World, temporary: Path) -> None:
    killed = lockstep_process("check", "--now", START, cwd=world.clone)
    wait_for(temporary, "lockstep-*/capabilities.json")
    killed.kill()
    killed.wait(timeout=60)
    assert len(list(temporary.iterdir())) > 0
    code, said = run(world, "check", "--now", START)
    assert code == 0, said
    assert list(temporary.iterdir()) == []
