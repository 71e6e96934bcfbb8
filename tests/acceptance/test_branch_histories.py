"""The commits of a branch one by one, and the ways to merge them: what comes is what was checked.

Forges merge a branch by a merge commit, as one squashed commit, or by a rebase, which puts each of
its commits on the followed branch.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from lockstep.model.decision import Action, Phase, Position
from tests.acceptance.forgeries import add, newest, readopt, state_here
from tests.acceptance.reverts import began, in_state, proposed, steady
from tests.acceptance.rollouts import advance, last_record, publish
from tests.acceptance.world import FAMILY, World, connect, git

Merge = Callable[[World, str], None]


def by_commit(world: World, branch: str) -> None:
    world.git("merge", "--quiet", "--no-ff", "--no-edit", branch)


def squashed(world: World, branch: str) -> None:
    world.git("merge", "--quiet", "--squash", branch)
    world.git("commit", "--quiet", "-m", "squashed")


def rebased(world: World, branch: str) -> None:
    world.git("switch", "--quiet", "--detach", branch)
    world.git("rebase", "--quiet", "main")
    tip = world.git("rev-parse", "HEAD")
    world.git("switch", "--quiet", "main")
    world.git("merge", "--quiet", "--ff-only", tip)


MERGES = pytest.mark.parametrize("merge", [by_commit, squashed, rebased])


def commit(world: World, message: str) -> None:
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", message)


def note(world: World, name: str) -> None:
    (world.clone / "docs").mkdir(exist_ok=True)
    (world.clone / "docs" / name).write_text("prose\n")
    commit(world, name)


def check(world: World, base: str = "origin/main") -> tuple[int, str]:
    return world.lockstep("check", "--base", base)


def on_merge_ref(world: World, branch: str) -> tuple[int, str]:
    """What CI says of the merge that the forge made of the branch for it."""
    world.git("switch", "--quiet", "--detach", "main")
    by_commit(world, branch)
    return check(world)


@MERGES
def test_a_proposal_passes_before_and_after_its_merge_and_goes_on(
    world: World, merge: Merge
) -> None:
    branch = world.propose()
    assert on_merge_ref(world, branch)[0] == 0
    world.git("switch", "--quiet", "main")
    note(world, "in-between.md")
    world.git("push", "--quiet", "origin", "main")
    base = world.git("rev-parse", "HEAD")
    merge(world, branch)
    world.git("push", "--quiet", "origin", "main")
    assert check(world, base)[0] == 0 and world.lockstep("check")[0] == 0
    assert advance(world, "08")[0] == 0
    assert check(world, base)[0] == 0
    world.must("audit", "--verify", "--replay")


@in_state(proposed)
@MERGES
def test_a_forged_record_between_honest_commits_is_refused_however_they_are_merged(
    world: World, merge: Merge
) -> None:
    world.git("switch", "--quiet", "--create", "pull")
    note(world, "first.md")
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 0))
    commit(world, "forged")
    note(world, "last.md")
    code, said = on_merge_ref(world, "pull")
    assert code == 10 and "never by a pull request" in said
    world.git("switch", "--quiet", "main")
    merge(world, "pull")
    code, said = check(world)
    assert code == 10 and "never by a pull request" in said
    world.git("push", "--quiet", "origin", "main")
    code, said = advance(world, "09")
    assert code == 12 and "broken records" in said


def added_and_removed(world: World) -> bytes:
    """A forged adoption that a branch adds and removes again: as a whole it changes nothing."""
    world.git("switch", "--quiet", "--create", "pull")
    path = readopt(world, verified_state=state_here(world))
    data = path.read_bytes()
    commit(world, "forged")
    path.unlink()
    commit(world, "never mind")
    return data


@in_state(steady)
def test_no_commit_of_a_pull_request_removes_a_record_that_it_brought(world: World) -> None:
    """Merged by a rebase, the record could be put back later, as one that is not new."""
    added_and_removed(world)
    for code, said in (check(world), on_merge_ref(world, "pull")):
        assert code == 10 and "a commit of this pull request edits or removes" in said, said
    world.git("switch", "--quiet", "main")
    note(world, "last.md")
    assert check(world)[0] == 0, "squashed, nothing is left of it"


@in_state(steady)
def test_what_needs_approval_needs_it_again_where_it_is_put_back(world: World) -> None:
    data = added_and_removed(world)
    world.git("switch", "--quiet", "main")
    rebased(world, "pull")
    world.git("push", "--quiet", "origin", "main")
    code, said = advance(world, "08")
    assert code == 12 and "broken records" in said, said
    world.git("switch", "--quiet", "--create", "again")
    (world.clone / f"ledger/{FAMILY}/000002.json").write_bytes(data)
    commit(world, "put back")
    _, said = check(world)
    assert "approval.adopt" in said, said


@in_state(began)
def test_a_record_that_is_edited_and_put_back_by_one_branch_is_found(world: World) -> None:
    world.git("switch", "--quiet", "--create", "pull")
    path, kept = last_record(world), last_record(world).read_bytes()
    path.write_bytes(kept.replace(b"A runner", b"Another"))
    commit(world, "edited")
    assert check(world)[0] == 10
    path.write_bytes(kept)
    commit(world, "put back")
    code, said = check(world)
    assert code == 10 and "a commit of this pull request edits" in said and path.name in said


def edited(path: Path) -> None:
    path.write_text(path.read_text().replace("A runner", "Another"))


@in_state(began)
@pytest.mark.parametrize("tamper", [Path.unlink, edited])
@MERGES
def test_a_pull_request_restores_what_was_pushed_past_the_checks(
    world: World, tamper: Callable[[Path], None], merge: Merge
) -> None:
    path, kept = last_record(world), last_record(world).read_bytes()
    tamper(path)
    publish(world, "tampered")
    world.git("switch", "--quiet", "--create", "pull")
    path.write_bytes(kept)
    commit(world, "restored")
    code, said = check(world)
    assert code == 0, said
    world.git("switch", "--quiet", "main")
    merge(world, "pull")
    world.git("push", "--quiet", "origin", "main")
    assert advance(world, "10")[0] == 0
    world.must("audit", "--verify", "--replay")


# Which branch is the followed one


def forged_step(world: World) -> None:
    world.git("switch", "--quiet", "--create", "pull")
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 0))
    commit(world, "forged")


@in_state(proposed)
def test_the_branch_of_a_fork_is_not_the_followed_one(world: World) -> None:
    """A clone of the fork, with the branch of the fleet fetched by its address."""
    base = world.git("rev-parse", "main")
    forged_step(world)
    git(world.folder, "clone", "--quiet", "--bare", str(world.clone), "fork.git")
    git(world.folder / "fork.git", "update-ref", "refs/heads/main", world.git("rev-parse", "pull"))
    git(world.folder, "clone", "--quiet", str(world.folder / "fork.git"), "forked")
    clone = world.folder / "forked"
    code, said = world.lockstep("check", "--base", base, root=clone)
    assert code == 10 and "never by a pull request" in said, said
    code, said = world.lockstep("check", root=clone)
    assert code == 10 and "never by a pull request" in said, said


@in_state(proposed)
def test_without_a_remote_that_is_the_fleet_nothing_counts_as_published(world: World) -> None:
    forged_step(world)
    settings = world.clone / "lockstep.yaml"
    settings.write_text(settings.read_text().replace("example.com", "example.org"))
    commit(world, "elsewhere")
    add(world, action=Action.ADVANCE, to=Position(Phase.ROLLING, 0, 1))
    commit(world, "another step")
    for arguments in ((), ("--base", "HEAD~1"), ("--base", "origin/main")):
        code, said = world.lockstep("check", *arguments)
        assert code == 10 and "never by a pull request" in said, said
    world.git("remote", "remove", "origin")
    world.git("switch", "--quiet", "--detach")
    code, said = world.lockstep("check", "--base", "main~1")
    assert code == 10 and "never by a pull request" in said, said


@in_state(began)
def test_a_shallow_clone_takes_no_step_for_published(world: World) -> None:
    forged_step(world)
    world.git("push", "--quiet", "origin", "pull")
    source = f"file://{world.origin}"
    git(world.folder, "clone", "--quiet", "--depth=2", "--branch=pull", source, "shallow")
    clone = world.folder / "shallow"
    connect(clone, str(world.origin))
    git(clone, "fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    code, said = world.lockstep("check", "--base", "origin/main", root=clone)
    assert code in (1, 10), said
    assert newest(world).action is Action.ADVANCE
