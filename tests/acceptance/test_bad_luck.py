"""Wrong arguments, races, crashes: a clear message, the right exit code, nothing half-done."""

import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.reverts import in_state, proposed
from tests.acceptance.world import (
    CLUSTER,
    FAMILY,
    START,
    World,
    connect,
    copy_world,
    files_of,
    git,
    identify,
    lockstep_process,
)


def test_outside_of_a_repository(tmp_path: Path) -> None:
    code, said = invoke(["check", "--root", str(tmp_path)])
    assert code == 2
    assert "not a git repository" in said and "fix:" in said


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    code, said = invoke(["check", "--root", str(tmp_path / "nowhere")])
    assert code == 2 and "does not exist" in said


def test_a_repository_without_clusters(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    for verb in ("check", "validate", "render", "status"):
        code, said = invoke([verb, "--root", str(tmp_path)])
        assert code == 3, said
        assert "no clusters" in said


@pytest.mark.parametrize(
    "verb", [["advance"], ["revert", "--reason", "x"], ["adopt", "--reason", "x"]]
)
def test_an_unknown_family(world: World, verb: list[str]) -> None:
    code, said = world.lockstep(verb[0], "unknown", *verb[1:])
    assert code == 2
    assert "there is no family 'unknown'" in said and "prod/scoring" in said


def test_a_registry_that_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = files_of(world.clone)
    code, said = invoke(
        ["propose", FAMILY, "2", "--root", str(world.clone), "--now", START,
         "--registry-uri", "http://user:secret@127.0.0.1:9/"]
    )  # fmt: skip
    assert code == 1
    assert "127.0.0.1:9" in said and "secret" not in said
    assert files_of(world.clone) == before
    assert world.git("branch", "--list", "lockstep/*") == ""


def test_a_version_that_is_not_registered(world: World) -> None:
    code, said = world.lockstep("propose", FAMILY, "77")
    assert code == 10 and "77" in said


@pytest.mark.parametrize("version", ["champion", "@champion", "latest", "../../x", "-1", "1;ls"])
def test_an_alias_or_worse_is_not_a_version(world: World, version: str) -> None:
    code, said = world.lockstep("propose", FAMILY, "--", version)
    assert code in (2, 10, 11), said
    assert "Traceback" not in said and world.is_clean()


@pytest.mark.parametrize(
    "verb",
    [["propose", FAMILY, "2"], ["advance", FAMILY], ["revert", FAMILY, "--reason", "x"],
     ["adopt", FAMILY, "--reason", "x"], ["hold", FAMILY, "--reason", "x"]],
)  # fmt: skip
def test_a_dirty_work_tree_stops_nothing_and_is_left_alone(world: World, verb: list[str]) -> None:
    clean = copy_world(world, world.folder / "clean")
    (world.clone / "notes.txt").write_text("mine")
    (world.clone / CLUSTER).write_text("half an edit: [")
    (world.clone / "staged").write_text("mine")
    world.git("add", "staged")
    code, said = world.lockstep(*verb)
    assert code == clean.lockstep(*verb)[0], said
    assert (world.clone / CLUSTER).read_text() == "half an edit: ["
    assert world.git("status", "--porcelain").splitlines() == [
        f"M {CLUSTER}", "A  staged", "?? notes.txt",
    ]  # fmt: skip


@in_state(proposed)
def test_unpublished_commits_stop_nothing_and_stay(world: World) -> None:
    world.git("commit", "--quiet", "--allow-empty", "-m", "mine alone")
    mine = world.git("rev-parse", "HEAD")
    code, said = world.lockstep("advance", FAMILY)
    assert code == 0 and "main has commits here that are not published" in said
    assert world.git("rev-parse", "HEAD") == mine
    assert mine not in git(world.origin, "rev-list", "main")


def test_a_reason_that_says_nothing(world: World) -> None:
    assert world.lockstep("revert", FAMILY, "--reason", "  \n")[0] == 2


@in_state(proposed)
def test_a_reason_cannot_become_a_trailer(world: World) -> None:
    evil = "fine\n\nLockstep-Decision: sha256:0000\x1b[31m"
    world.must("hold", FAMILY, "--reason", evil)
    trailers = world.git("log", "-1", "--format=%(trailers:only)")
    assert trailers.count("Lockstep-Decision:") == 2  # one trailer, one quoted inside the reason
    assert "\nLockstep-Decision: sha256:0000" not in world.git("log", "-1", "--format=%B")
    assert "\x1b" not in world.git("log", "-1", "--format=%B")


@in_state(proposed)
def test_a_push_that_a_hook_declines_says_so_and_changes_nothing(world: World) -> None:
    hook = world.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    head = world.git("rev-parse", "HEAD")
    code, said = world.lockstep("advance", FAMILY)
    assert code == 1 and "refused" in said and "main is protected" in said
    assert world.git("rev-parse", "HEAD") == head and world.is_clean()


def test_an_origin_that_is_gone(world: World) -> None:
    connect(world.clone, str(world.folder / "nowhere.git"))
    code, said = world.lockstep("advance", FAMILY)
    assert code == 1 and "git ls-remote from origin failed" in said


def test_a_clone_that_is_behind_decides_on_the_newest_state(world: World) -> None:
    other = world.another_clone()
    world.merge_proposal()
    code, said = world.lockstep("advance", FAMILY, root=other)
    assert code == 0, said
    assert git(other, "rev-parse", "HEAD") == git(world.origin, "rev-parse", "main")


def test_two_runs_started_together_on_two_clones_make_one_decision(world: World) -> None:
    other = world.another_clone()
    world.merge_proposal()
    before = git(world.origin, "rev-parse", "main")
    git(other, "pull", "--quiet")
    runs = [
        lockstep_process(
            "advance", FAMILY, "--now", START, "--registry-uri", world.registry, cwd=clone
        )
        for clone in (world.clone, other)
    ]
    said = [run.communicate(timeout=120)[0] for run in runs]
    codes = sorted(run.returncode for run in runs)
    assert git(world.origin, "rev-list", "--count", f"{before}..main") == "1", said
    assert codes in ([0, 0], [0, 12]), said
    for clone in (world.clone, other):
        assert git(clone, "status", "--porcelain") == ""


@in_state(proposed)
def test_a_push_lost_to_a_decision_on_the_same_family_is_not_repeated(world: World) -> None:
    """The other run's push lands between this run's fetch and its push: a hook does that."""
    other = world.another_clone()
    # Two commits of one committer in the same second would be the same commit, and no push lost.
    git(other, "config", "user.name", "Another runner")
    arm_race(world, other)
    code, said = world.lockstep("advance", FAMILY)
    assert code == 0 and "decided by another run" in said
    assert (
        git(world.origin, "rev-list", "--count", "--grep=Lockstep-Action: advance", "main") == "1"
    )


def arm_race(world: World, other: Path) -> None:
    """Before the first push from this clone, the other clone makes the same decision."""
    marker = world.folder / "raced"
    hook = world.clone / ".git" / "hooks" / "pre-push"
    hook.write_text(
        f"#!/bin/sh\n[ -e {marker} ] && exit 0\ntouch {marker}\n"
        f"cd {other} && exec env -u GIT_DIR {sys.executable} -m lockstep advance {FAMILY}"
        f" --now {START} --registry-uri {world.registry} >/dev/null 2>&1\n"
    )
    hook.chmod(0o755)


@in_state(proposed)
def test_a_push_lost_to_another_change_is_decided_again_on_the_new_head(world: World) -> None:
    other = world.another_clone()
    marker = world.folder / "raced"
    hook = world.clone / ".git" / "hooks" / "pre-push"
    hook.write_text(
        f"#!/bin/sh\n[ -e {marker} ] && exit 0\ntouch {marker}\nunset GIT_DIR\n"
        f"cd {other} && git commit -q --allow-empty -m unrelated && git push -q origin main\n"
    )
    hook.chmod(0o755)
    code, said = world.lockstep("advance", FAMILY)
    assert code == 0, said
    subjects = git(world.origin, "log", "-2", "--format=%s", "main").splitlines()
    assert subjects[1] == "unrelated" and subjects[0].startswith("advance prod/scoring")


@in_state(proposed)
def test_killed_in_the_middle_nothing_has_happened_and_the_next_run_decides(world: World) -> None:
    before = git(world.origin, "rev-parse", "main")
    hook = world.clone / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\necho pushing > ../pushing\nsleep 60\n")
    hook.chmod(0o755)
    run = lockstep_process(
        "advance", FAMILY, "--now", START, "--registry-uri", world.registry, cwd=world.clone
    )
    wait_for(world.folder, "pushing")
    run.send_signal(signal.SIGKILL)
    run.wait(timeout=10)
    assert git(world.origin, "rev-parse", "main") == before
    assert world.is_clean()
    hook.unlink()
    assert world.lockstep("advance", FAMILY)[0] == 0


@pytest.mark.parametrize("stopped", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_leaves_nothing_behind(
    world: World, stopped: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = world.folder / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("LOCKSTEP_CACHE", "")
    rule = world.clone / "policies/rules/freeze/freeze.rego"
    rule.write_text(rule.read_text().replace("# METADATA", "# no METADATA"))
    assert lockstep_process("check", "--now", START, cwd=world.clone).wait(timeout=60) == 1
    assert list(folder.iterdir()) == []
    world.git("restore", "policies")
    run = lockstep_process("check", "--now", START, cwd=world.clone)
    wait_for(folder, "lockstep-*/capabilities.json")
    run.send_signal(stopped)
    run.wait(timeout=60)
    assert run.returncode == (128 + stopped)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@in_state(proposed)
def test_a_decision_whose_output_is_lost_is_made_and_does_not_look_like_a_failure(
    world: World, where: str
) -> None:
    before = git(world.origin, "rev-parse", "main")
    ended = subprocess.run(
        ["/bin/sh", "-c",
         f'"$0" -m lockstep advance {FAMILY} --now {START} --registry-uri "$1" {where}',
         sys.executable, world.registry],
        cwd=world.clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert git(world.origin, "rev-parse", "main") != before
    assert "Traceback" not in ended.stderr
    assert ("candidate 2@10" in ended.stderr) is (where == ">/dev/full")


def wait_for(folder: Path, pattern: str) -> None:
    deadline = time.monotonic() + 60
    while not any(folder.glob(pattern)):
        assert time.monotonic() < deadline, f"{folder}/{pattern} never came"
        time.sleep(0.02)


@in_state(proposed)
def test_a_shallow_clone_can_advance_and_roll_back(world: World) -> None:
    for hour in ("08", "10"):
        assert world.lockstep("advance", FAMILY, at=f"2026-03-01T{hour}:00:00Z")[0] == 0
    shallow = world.folder / "shallow"
    git(world.folder, "clone", "--quiet", "--depth=1", f"file://{world.origin}", "shallow")
    identify(shallow)
    code, said = world.lockstep(
        "revert", FAMILY, "--reason", "bad", at="2026-03-01T10:10:00Z", root=shallow
    )
    assert code == 0, said
    tree = world.records()[0]["spec"]["verifiedState"]["folders"]
    for folder, oid in tree.items():
        assert git(shallow, "rev-parse", f"HEAD:{folder}") == oid
