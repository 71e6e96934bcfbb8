"""An OPA that is missing, too old, or dies; and nothing is left behind."""

import time
from pathlib import Path

import pytest

from tests.acceptance.world import World, lockstep_process


def test_no_opa_is_never_a_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_OPA", "/nonexistent/opa")
    code, said = world.lockstep("check")
    assert code == 1 and "LOCKSTEP_OPA" in said


def test_an_older_opa_is_refused_with_the_reason(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "opa"
    old.write_text("#!/bin/sh\n[ \"$1\" = version ] && echo 'Version: 0.70.0' && exit 0\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("LOCKSTEP_OPA", str(old))
    code, said = world.lockstep("check")
    assert code == 1 and "0.70.0" in said and "1.22" in said


def slow_down_policy(world: World, steps: int) -> None:
    """Keep OPA busy for seconds with a rule of the repository."""
    rule = world.clone / "policies/rules/weights-sum/weights_sum.rego"
    busy = f"checked if count(numbers.range(1, {steps})) > 0\n\nchecked if"
    rule.write_text(rule.read_text().replace("checked if", busy, 1))


def test_opa_that_dies_in_the_middle_of_a_batch(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper kills the real OPA while it evaluates a slow rule."""
    from lockstep.opa.binary import find_opa

    real = find_opa()
    slow_down_policy(world, 20000000)
    wrapper = tmp_path / "opa"
    wrapper.write_text(
        f'#!/bin/sh\nif [ "$1" != run ]; then exec {real} "$@"; fi\n'
        f'{real} "$@" & child=$!\n(sleep 3; kill -9 $child) &\nwait $child\nexit 9\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("LOCKSTEP_OPA", str(wrapper))
    code, said = world.lockstep("check")
    assert code == 1, said
    assert "OPA ended in the middle of a batch" in said


def test_killing_lockstep_leaves_no_opa_behind(world: World) -> None:
    slow_down_policy(world, 50000000)
    run = lockstep_process("check", cwd=world.clone)
    child = child_of(run.pid)
    run.kill()
    run.wait(timeout=10)
    deadline = time.monotonic() + 10
    while is_running(child):
        assert time.monotonic() < deadline, "OPA outlived Lockstep"
        time.sleep(0.02)


def child_of(pid: int) -> int:
    """The OPA server that a process has started, as soon as it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            if parent_of(folder) == pid and b"--server" in (folder / "cmdline").read_bytes():
                return int(folder.name)
        time.sleep(0.02)
    raise AssertionError("Lockstep started no OPA")


def parent_of(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return None  # it has ended meanwhile


def is_running(pid: int) -> bool:
    stat_file = Path(f"/proc/{pid}/stat")
    return stat_file.exists() and stat_file.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_no_token_on_any_command_line(world: World) -> None:
    slow_down_policy(world, 5000000)
    run = lockstep_process("check", cwd=world.clone)
    child = child_of(run.pid)
    line = Path(f"/proc/{child}/cmdline").read_bytes().decode()
    environment = Path(f"/proc/{child}/environ").read_bytes()
    run.kill()
    run.communicate(timeout=60)
    assert "token" in line and "Bearer" not in line
    assert environment == b"", "OPA's rules could read what Lockstep's environment holds"
