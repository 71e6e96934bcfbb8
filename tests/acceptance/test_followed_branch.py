"""Decisions are made on the branch that Argo CD follows: wherever, and whatever is checked out."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.rollouts import DAY, EU, HEAD, US, advance, leave_eu, roll
from tests.acceptance.world import (
    ADDRESS,
    FAMILY,
    REGIONS,
    START,
    World,
    git,
    identify,
    lockstep_process,
)

BAD = ("--reason", "bad")


@pytest.fixture
def rolling(world: World) -> World:
    """Version 2 has a part of the traffic of one region."""
    roll(world, "08")
    return world


def tip(world: World, branch: str = "main") -> str:
    return git(world.origin, "rev-parse", branch)


def live(world: World, branch: str = "main") -> list[str]:
    """The specs' variants as published, region by region."""
    paths = (f"clusters/{FAMILY}/{region}.yaml" for region in REGIONS)
    texts = (git(world.origin, "show", f"{branch}:{path}") for path in paths)
    return [text[text.index("variants:") :] for text in texts]


def assert_rolled_back(world: World, branch: str = "main") -> None:
    assert all('version: "2"' not in text for text in live(world, branch))
    assert 'version: "2"' in git(
        world.origin, "show", f"{branch}:clusters/{FAMILY}/quarantine.yaml"
    )


def revert(world: World, root: Path | None = None, *more: str, at: str = "08:30:00Z") -> str:
    code, said = world.lockstep("revert", FAMILY, *BAD, *more, at=f"{DAY}{at}", root=root)
    assert code == 0, said
    return said


def test_a_rollback_from_a_feature_branch_is_live_and_leaves_the_branch(rolling: World) -> None:
    rolling.git("switch", "--quiet", "--create", "feature")
    rolling.git("commit", "--quiet", "--allow-empty", "-m", "mine")
    (rolling.clone / EU).write_text("half an edit")
    head, main = rolling.git("rev-parse", "HEAD"), rolling.git("rev-parse", "main")
    said = revert(rolling)
    assert said.splitlines()[0] == f"On branch main of origin, {rolling.origin}"
    assert_rolled_back(rolling)
    assert rolling.git("rev-parse", "HEAD") == head and rolling.git("rev-parse", "main") == main
    assert rolling.git("status", "--porcelain") == f"M {EU}"


def test_a_detached_head_and_a_shallow_clone_are_enough_for_a_rollback(rolling: World) -> None:
    git(rolling.folder, "clone", "--quiet", "--depth=1", f"file://{rolling.origin}", "shallow")
    shallow = rolling.folder / "shallow"
    identify(shallow)
    git(shallow, "checkout", "--quiet", "--detach")
    revert(rolling, shallow)
    assert_rolled_back(rolling)


def test_a_work_tree_of_several_follows_where_it_has_the_branch(rolling: World) -> None:
    rolling.git("worktree", "add", "--quiet", "-b", "feature", "../tree")
    revert(rolling, rolling.folder / "tree")
    assert_rolled_back(rolling)
    # Only the work tree in which it was run is moved, and only the followed branch in it.
    assert rolling.git("rev-parse", "main") != tip(rolling)
    assert rolling.is_clean() and git(rolling.folder / "tree", "status", "--porcelain") == ""


def test_a_bare_mirror_can_roll_back(rolling: World) -> None:
    git(rolling.folder, "clone", "--quiet", "--mirror", str(rolling.origin), "mirror.git")
    mirror = rolling.folder / "mirror.git"
    identify(mirror)
    revert(rolling, mirror)
    assert_rolled_back(rolling)


def test_the_clone_of_a_fork_moves_nothing(rolling: World) -> None:
    git(rolling.folder, "clone", "--quiet", "--bare", str(rolling.origin), "fork.git")
    git(rolling.folder, "clone", "--quiet", "fork.git", "mine")
    mine = rolling.folder / "mine"
    before = tip(rolling)
    code, said = rolling.lockstep("revert", FAMILY, *BAD, root=mine)
    assert code == 2 and "no remote has this address" in said and "--remote" in said
    git(mine, "remote", "add", "upstream", ADDRESS)
    git(mine, "config", f"url.{rolling.origin}.insteadOf", ADDRESS)
    for key, value in (("name", "R"), ("email", "r@example.com")):
        git(mine, "config", f"user.{key}", value)
    revert(rolling, mine)
    assert_rolled_back(rolling)
    assert git(rolling.folder / "fork.git", "rev-parse", "main") == before


def test_without_a_remote_the_branch_itself_moves(rolling: World) -> None:
    rolling.git("remote", "remove", "origin")
    (rolling.clone / "notes.txt").write_text("mine")
    said = revert(rolling)
    assert "branch main of this repository, which has no remote" in said
    assert rolling.records()[-1]["spec"]["action"] == "restore"
    assert rolling.git("status", "--porcelain") == "?? notes.txt"


def test_without_a_remote_a_branch_that_is_not_checked_out_moves_too(rolling: World) -> None:
    rolling.git("remote", "remove", "origin")
    rolling.git("switch", "--quiet", "--create", "feature")
    (rolling.clone / EU).write_text("half an edit")
    before = rolling.git("rev-parse", "main")
    revert(rolling)
    assert rolling.git("rev-parse", "main^") == before
    assert rolling.git("status", "--porcelain") == f"M {EU}"


def test_without_a_remote_edits_of_the_same_files_are_not_overwritten(rolling: World) -> None:
    rolling.git("remote", "remove", "origin")
    edited = (rolling.clone / EU).read_text() + "# mine\n"
    (rolling.clone / EU).write_text(edited)
    before = rolling.git("rev-parse", "main")
    code, said = rolling.lockstep("revert", FAMILY, *BAD)
    assert code == 1 and EU in said and "--branch" in said
    assert rolling.git("rev-parse", "main") == before
    code, said = rolling.lockstep("revert", FAMILY, *BAD, "--branch", "back")
    assert code == 0 and "NOT LIVE" in said
    assert rolling.git("rev-parse", "back^") == before
    assert (rolling.clone / EU).read_text() == edited


def test_a_fleet_may_be_in_a_folder_of_a_larger_repository(world: World, tmp_path: Path) -> None:
    one = World(tmp_path / "larger")
    one.folder.mkdir()
    shutil.copytree(world.folder / "clone", one.clone / "ml" / "fleet", ignore=only_files)
    for name in ("mlflow.db", "artifacts"):
        if (world.folder / name).exists():
            (one.folder / name).symlink_to(world.folder / name)
    git(one.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(one.origin))
    git(one.folder, "init", "--quiet", "--initial-branch=main", str(one.clone))
    one.git("remote", "add", "origin", str(one.origin))
    identify(one.clone)
    (one.clone / "README").write_text("of all teams")
    one.git("add", "--all")
    one.git("commit", "--quiet", "-m", "all teams")
    one.git("push", "--quiet", "--set-upstream", "origin", "main")
    fleet = one.clone / "ml" / "fleet"
    code, said = world.lockstep("check", root=fleet)
    assert code == 0, said
    code, said = world.lockstep("propose", FAMILY, "2", root=fleet)
    assert code == 0, said
    assert "pull request" not in said  # nobody expects one where the remote is a folder
    branch = next(word for word in said.split() if word.startswith("lockstep/"))
    one.git("merge", "--quiet", "--no-edit", f"origin/{branch}")
    one.git("push", "--quiet", "origin", "main")
    code, said = world.lockstep("advance", FAMILY, root=fleet)
    assert code == 0, said
    assert 'candidate, version: "2", weight: 10' in (fleet / US).read_text()
    revert(world, fleet)
    changed = git(one.origin, "diff", "--name-only", "main~1", "main").split()
    assert changed and all(path.startswith("ml/fleet/") for path in changed)
    assert one.git("status", "--porcelain") == ""
    assert world.lockstep("check", root=fleet)[0] == 0


def only_files(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == ".git"]


def protect(world: World, branch: str = "main") -> None:
    hook = world.origin / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f'#!/bin/sh\n[ "$1" = refs/heads/{branch} ] || exit 0\necho GH006 >&2\nexit 1\n'
    )
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)


def test_a_rollback_that_the_server_refuses_is_offered_on_a_branch(rolling: World) -> None:
    before = tip(rolling)
    protect(rolling)
    tips = set()
    for minute in (30, 31):  # a later run finds the branch, and leaves its commit as it is
        at = f"{DAY}08:{minute}:00Z"
        code, said = rolling.lockstep("revert", FAMILY, *BAD, at=at)
        assert code == 12 and "NOT LIVE" in said and "was refused: GH006; " in said, said
        (branch,) = git(rolling.origin, "branch", "--format=%(refname:short)",
                        "--list", "lockstep/revert/*").split()  # fmt: skip
        assert branch in said
        tips.add(tip(rolling, branch))
    assert len(tips) == 1
    assert tip(rolling) == before and git(rolling.origin, "rev-parse", f"{branch}^") == before
    assert_rolled_back(rolling, branch)


def test_a_move_forward_that_the_server_refuses_is_an_error(world: World) -> None:
    world.merge_proposal()
    protect(world)
    code, said = advance(world, "08")
    assert code == 1 and "was refused" in said and "GH006" in said


def test_a_hold_and_a_rollback_can_come_by_pull_request(rolling: World) -> None:
    before = tip(rolling)
    for verb in ("hold", "revert"):
        code, said = rolling.lockstep(verb, FAMILY, *BAD, "--branch", f"by-hand/{verb}")
        assert code == 0 and f"NOT LIVE: it is on branch by-hand/{verb}" in said
        assert git(rolling.origin, "rev-parse", f"by-hand/{verb}^") == before
    assert tip(rolling) == before
    rolling.git("merge", "--quiet", "--ff-only", "origin/by-hand/revert")
    code, said = rolling.lockstep("check", "--base", before)
    assert code == 0, said


def test_a_region_joins_a_family_and_is_adopted_in_one_pull_request(world: World) -> None:
    leave_eu(world, "a-region")
    adopt = ("adopt", FAMILY, "--reason", "one region is enough", "--branch", "a-region")
    code, said = world.lockstep(*adopt)
    assert code == 2 and "no branch 'a-region'" in said
    world.git("push", "--quiet", "origin", "a-region")
    before = tip(world)
    assert "NOT LIVE" in world.must(*adopt)
    assert tip(world) == before
    names = git(world.origin, "ls-tree", "--name-only", f"a-region:ledger/{FAMILY}").split()
    assert names == ["000001.json", "000002.json"]
    world.git("pull", "--quiet", "origin", "a-region")
    assert world.lockstep("check", "--base", "origin/main")[0] == 0
    world.git("push", "--quiet", "origin", "a-region:main")
    code, said = world.lockstep("audit", FAMILY, "--verify", "--replay")
    assert code == 0, said


def test_a_branch_that_lacks_the_followed_tip_is_not_adopted(world: World) -> None:
    world.git("push", "--quiet", "origin", "main:old")
    world.git("commit", "--quiet", "--allow-empty", "-m", "later")
    world.git("push", "--quiet", "origin", "main")
    code, said = world.lockstep("adopt", FAMILY, "--reason", "x", "--branch", "old")
    assert code == 2 and "lacks commits of main" in said


@pytest.mark.parametrize("name", ["", "-x", "a..b", "x y"])
def test_a_branch_that_git_does_not_accept_is_refused(world: World, name: str) -> None:
    code, said = world.lockstep("hold", FAMILY, "--reason", "x", f"--branch={name}")
    assert code == 2 and "branch" in said


def test_a_proposal_is_replaced_when_its_content_has_moved_on(world: World) -> None:
    branch = world.propose()
    before = world.git("rev-parse", branch)
    # An unrelated commit changes nothing about it, and must not dismiss its reviews.
    world.git("commit", "--quiet", "--allow-empty", "-m", "unrelated")
    world.git("push", "--quiet", "origin", "main")
    assert world.propose(at=f"{DAY}08:30:00Z") == branch
    assert world.git("rev-parse", branch) == before
    world.edit(HEAD, "bake: 1h", "bake: 2h")
    assert world.propose(at=f"{DAY}08:40:00Z") == branch
    assert world.git("rev-parse", f"{branch}^") == tip(world)


def test_a_branch_with_commits_of_people_is_never_replaced(world: World) -> None:
    branch = world.propose()
    name = branch.removeprefix("origin/")
    world.git("switch", "--quiet", "--create", "mine", branch)
    world.git("commit", "--quiet", "--allow-empty", "-m", "a note of mine")
    world.git("push", "--quiet", "origin", f"mine:{name}")
    world.git("switch", "--quiet", "main")
    mine = git(world.origin, "rev-parse", name)
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 11 and "commits that Lockstep did not make" in said
    assert git(world.origin, "rev-parse", name) == mine


def test_three_proposals_at_once_make_one_branch(world: World) -> None:
    clones = [world.clone, world.clone, world.another_clone()]
    runs = [
        lockstep_process("propose", FAMILY, "2", "--now", START,
                         "--registry-uri", world.registry, cwd=clone)
        for clone in clones
    ]  # fmt: skip
    said = [run.communicate(timeout=240)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    (branch,) = git(world.origin, "branch", "--list", "lockstep/*").split()
    assert all(branch in each for each in said)
    assert git(world.origin, "rev-parse", f"{branch}^") == tip(world)


def test_a_run_fetches_once_and_asks_once(rolling: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shim before git counts what is run: a fetch a family would take minutes over a fleet."""
    log, real = rolling.folder / "git.log", shutil.which("git")
    shim = rolling.folder / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nprintf "%s " "$@" >> {log}\necho >> {log}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    other = rolling.another_clone()
    git(other, "commit", "--quiet", "--allow-empty", "-m", "unrelated")
    git(other, "push", "--quiet", "origin", "main")
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    assert rolling.lockstep("advance", at=f"{DAY}08:10:00Z")[0] == 12
    verbs = [
        line.split("--literal-pathspecs ")[1].split()[0] for line in log.read_text().splitlines()
    ]
    assert [verbs.count(verb) for verb in ("ls-remote", "fetch", "push")] == [1, 1, 0]


def test_nothing_of_a_run_is_left_in_the_repository(rolling: World) -> None:
    revert(rolling)
    inside = rolling.clone / ".git"
    assert not [*inside.glob("lockstep*"), *inside.rglob("*.lock")]


@pytest.mark.parametrize(
    ("state", "verb", "says"),
    [("rolling", "hold", "it is held since"), ("world", "adopt", "this very state was adopted at")],
)
def test_a_second_hold_or_adoption_adds_no_record(
    state: str, verb: str, says: str, request: pytest.FixtureRequest
) -> None:
    one: World = request.getfixturevalue(state)
    one.must(verb, FAMILY, "--reason", "first", at=f"{DAY}08:10:00Z")
    before = tip(one)
    said = one.must(verb, FAMILY, "--reason", "second", at=f"{DAY}08:11:00Z")
    assert says in said and tip(one) == before


def test_a_hold_with_another_reason_says_what_is_recorded_and_how_to_change_it(
    rolling: World,
) -> None:
    rolling.must("hold", FAMILY, "--reason", "first", at=f"{DAY}08:10:00Z")
    again = rolling.must("hold", FAMILY, "--reason", "first", at=f"{DAY}08:11:00Z")
    assert "not recorded" not in again
    said = rolling.must("hold", FAMILY, "--reason", "second", at=f"{DAY}08:11:00Z")
    assert f"{DAY}08:10:00Z by A runner <runner@example.com> (record 4: first)" in said
    assert "'second', is not recorded" in said
    assert f"lockstep resume {FAMILY} --reason" in said
    assert f"lockstep hold {FAMILY} --reason" in said


def shown(verb: str, clone: Path, *more: str) -> str:
    code, said = invoke([verb, *more, "--root", str(clone)])
    assert code == 0, said
    return said


def test_status_and_audit_show_the_followed_branch_whatever_is_checked_out(rolling: World) -> None:
    rolling.git("switch", "--quiet", "--create", "feature", "HEAD^")
    revert(rolling)
    said = shown("status", rolling.clone)
    assert said.splitlines()[0] == f"Of branch main of origin, {rolling.origin}"
    assert "100% version 1" in said and "10% version 2" not in said
    assert "restore version 2" in shown("audit", rolling.clone, FAMILY)
    assert "4 records" not in shown("audit", rolling.clone, FAMILY, "--verify", "--replay")
    assert "Of the work tree" in shown("status", rolling.clone, "--work-tree")
    assert "restore" not in shown("audit", rolling.clone, "--work-tree")
