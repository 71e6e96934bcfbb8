"""What `propose` says: what was pushed and what is next, or why not and what to do instead."""

import json

from tests.acceptance.rollouts import roll, roll_back
from tests.acceptance.world import FAMILY, START, World, git


def propose(world: World, version: str) -> tuple[int, str]:
    return world.lockstep("propose", FAMILY, version, at="2026-03-01T12:00:00Z")


def test_a_proposal_says_what_was_pushed_where_and_what_is_next(world: World) -> None:
    said = world.must("propose", FAMILY, "2")
    (branch,) = (b for b in git(world.origin, "branch", "--format=%(refname:short)").split()
                 if b.startswith("lockstep/"))  # fmt: skip
    tip = git(world.origin, "rev-parse", branch)
    assert f"  pushed to origin: branch {branch} is at commit {tip[:12]} there" in said
    assert f"  next: have the branch merged into main, then run lockstep advance {FAMILY}" in said
    again = json.loads(world.must("propose", FAMILY, "2", "--format", "json"))
    assert tip in json.dumps(again), "the same tip is named by the run that found it"


def test_a_proposal_without_a_remote_says_that_nothing_was_pushed(world: World) -> None:
    world.git("remote", "remove", "origin")
    said = world.must("propose", FAMILY, "2")
    assert "  not pushed, because this repository has no remote: branch lockstep/" in said


def test_a_version_that_is_not_registered_gets_what_to_do(world: World) -> None:
    code, said = propose(world, "9")
    assert code == 10
    assert "register it first, then run this again" in said
    assert "that the registry names champion or production, or else its newest, is 3" in said


def test_a_version_that_serves_already_gets_where_and_what_to_do(world: World) -> None:
    code, said = propose(world, "1")
    assert code == 11
    assert "version 1 already serves in every cluster" in said
    assert f"lockstep status {FAMILY}" in said and "propose another version of the model" in said


def test_a_quarantined_version_is_not_to_be_released_but_corrected(world: World) -> None:
    roll(world, "08")
    roll_back(world, "09")
    code, said = propose(world, "2")
    assert code == 11 and "version 2 is in quarantine since 2026-03-01T09:00:00Z" in said
    fix = said.partition("fix: ")[2]
    assert fix.startswith("propose a version in which that is corrected; only where")
    assert f"lockstep release {FAMILY} 2 --reason '...', then propose again" in fix


def test_while_a_rollout_is_held_only_people_end_it(world: World) -> None:
    roll(world, "08")
    code, said = propose(world, "3")
    assert code == 11 and f"let it finish with lockstep advance {FAMILY}, or roll" in said
    world.must("hold", FAMILY, "--reason", "wait", at="2026-03-01T10:00:00Z")
    code, said = propose(world, "3")
    assert code == 11 and "already has a rollout: version 2 is held" in said
    assert f"fix: continue it with lockstep resume {FAMILY} --reason '...', or roll it" in said
    assert f"lockstep revert {FAMILY} --reason '...'" in said and "lockstep advance" not in said


def test_a_hold_on_a_branch_says_what_was_pushed(world: World) -> None:
    roll(world, "08")
    said = world.must("hold", FAMILY, "--reason", "wait", "--branch", "wait", at=START)
    assert f"branch wait is at commit {git(world.origin, 'rev-parse', 'wait')[:12]} there" in said
