"""One run on real git: it decides on the newest state, publishes once, and follows."""

from pathlib import Path

import pytest

from lockstep.edges.git import Git, PushRefused
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.result import AlreadyDecided, Decided, Moved, NotLive, Waiting
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.run import move_family, open_run, require_reason
from lockstep.transactions.state import FamilyState
from tests.unit.edges.repositories import another_clone, commit, git
from tests.unit.transactions.fleet_repository import (
    FAMILY,
    adoption,
    fleet,
    options,
    protect,
    rollback,
)


def tip(remote: Path, branch: str = "main") -> str:
    return git(remote, "rev-parse", branch)


def records(remote: Path, branch: str = "main") -> list[str]:
    return git(remote, "ls-tree", "-r", "--name-only", branch, "ledger/").split()


def test_a_decision_is_published_and_the_work_tree_follows(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    before = tip(remote)
    result = move_family(options(made), FAMILY, adoption)
    assert result.followed == f"branch main of origin, {remote}" and not result.left_behind
    assert isinstance(result.results[0], Decided)
    assert git(remote, "rev-parse", "main^") == before
    assert made.resolve("HEAD") == tip(remote) and git(made.root, "status", "--porcelain") == ""


def test_decisions_of_one_run_stack_on_each_other(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    with open_run(options(made)) as run:
        for _ in range(3):
            run.decide(FAMILY, adoption)
            assert run.snapshot.base == tip(remote)
    assert len(records(remote)) == 3


def test_nothing_to_decide_publishes_nothing(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    before, waiting = tip(remote), Waiting(FAMILY, "", "", "", (), 0)  # type: ignore[arg-type]
    assert move_family(options(made), FAMILY, lambda *_: waiting).results == (waiting,)
    assert tip(remote) == before


def test_the_same_decision_of_a_faster_run_is_not_made_twice(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    other = another_clone(tmp_path, remote)

    def slow(on: Git, state: FamilyState) -> PlannedCommit | Moved:
        if not state.family.records:
            move_family(options(other), FAMILY, adoption)
        return adoption(on, state)

    (result,) = move_family(options(made), FAMILY, slow).results
    assert isinstance(result, AlreadyDecided)
    assert len(records(remote)) == 1


def test_after_another_change_the_run_decides_on_the_new_tip(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    other, seen = another_clone(tmp_path, remote), []

    def slow(on: Git, state: FamilyState) -> PlannedCommit | Moved:
        seen.append(state.snapshot.base)
        if len(seen) == 1:
            commit(other.root, {"README": b"unrelated"})
            git(other.root, "push", "--quiet", "origin", "main")
        return adoption(on, state)

    move_family(options(made), FAMILY, slow)
    assert len(seen) == 2 and seen[1] == git(remote, "rev-parse", "main^")
    assert made.resolve("HEAD") == tip(remote)


def test_a_run_that_loses_every_race_gives_up_with_the_reason(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    other = another_clone(tmp_path, remote)

    def slow(on: Git, state: FamilyState) -> PlannedCommit | Moved:
        commit(other.root, {"README": state.snapshot.base.encode()})
        git(other.root, "push", "--quiet", "origin", "main")
        return adoption(on, state)

    with pytest.raises(LockstepError, match=r"in 5 attempts: .*another push changed main first"):
        move_family(options(made), FAMILY, slow)


def test_a_refused_rollback_is_offered_on_a_branch_and_nothing_else_is(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    before = tip(remote)
    protect(remote, "refs/heads/main")
    with pytest.raises(PushRefused, match="protected"):
        move_family(options(made), FAMILY, adoption)
    names = set()
    for minutes in (0, 1):  # a second run finds the branch
        (result,) = move_family(options(made, minutes), FAMILY, rollback).results
        assert isinstance(result, NotLive) and "protected" in result.refused
        names.add((result.branch, tip(remote, result.branch)))
    ((name, made_there),) = names
    assert name.startswith("lockstep/revert/prod/scoring-")
    assert tip(remote) == before == git(remote, "rev-parse", f"{made_there}^")
    protect(remote, "*")
    git(remote, "update-ref", "-d", f"refs/heads/{name}")
    with pytest.raises(PushRefused, match="push of main"):
        move_family(options(made), FAMILY, rollback)


def test_a_decision_goes_to_the_branch_that_is_named(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    before = tip(remote)
    (result,) = move_family(options(made, branch="by-hand"), FAMILY, adoption).results
    assert isinstance(result, NotLive) and not result.refused
    assert tip(remote) == before == git(remote, "rev-parse", "by-hand^")
    assert made.resolve("HEAD") == before
    with pytest.raises(UsageError, match="not a valid name for a branch"):
        move_family(options(made, branch="a..b"), FAMILY, adoption)


def test_a_verb_that_reads_the_branch_adds_to_what_is_on_it(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    with pytest.raises(UsageError, match="origin has no branch 'new'"):
        move_family(options(made, branch="new"), FAMILY, adoption, reads_branch=True)
    git(made.root, "switch", "--quiet", "--create", "new")
    on_it = commit(made.root, {"README": b"new"})
    git(made.root, "push", "--quiet", "origin", "new")
    (result,) = move_family(
        options(made, branch="new"), FAMILY, adoption, reads_branch=True
    ).results
    assert isinstance(result, NotLive)
    assert git(remote, "rev-parse", "new^") == on_it and records(remote) == []
    git(made.root, "switch", "--quiet", "main")
    commit(made.root, {"README": b"main"})
    git(made.root, "push", "--quiet", "origin", "main")
    with pytest.raises(UsageError, match="lacks commits of main"):
        move_family(options(made, branch="new"), FAMILY, adoption, reads_branch=True)


def test_commits_that_are_not_published_keep_the_work_tree_where_it_is(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    mine = commit(made.root, {"README": b"mine"})
    result = move_family(options(made), FAMILY, adoption)
    assert "main has commits here that are not published" in result.left_behind
    assert made.resolve("HEAD") == mine and len(records(remote)) == 1


def test_without_a_remote_the_branch_moves_with_its_work_tree(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    git(made.root, "remote", "remove", "origin")
    made = Git(made.root)
    result = move_family(options(made), FAMILY, adoption)
    assert result.followed == "branch main of this repository, which has no remote"
    assert git(made.root, "status", "--porcelain") == ""
    git(made.root, "switch", "--quiet", "--create", "feature")
    move_family(options(made), FAMILY, adoption)
    assert records(made.root) == [
        "ledger/prod/scoring/000001.json",
        "ledger/prod/scoring/000002.json",
    ]
    assert git(made.root, "rev-parse", "main^") == made.resolve("HEAD")


def test_without_a_remote_edits_in_the_way_refuse_the_move(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    git(made.root, "remote", "remove", "origin")
    path = made.root / "ledger/prod/scoring/000001.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    before = made.resolve("HEAD")
    with pytest.raises(LockstepError, match="changes of yours in ledger/prod/scoring") as error:
        move_family(options(Git(made.root)), FAMILY, adoption)
    assert "--branch" in error.value.fix and made.resolve("HEAD") == before


@pytest.mark.parametrize("reason", ["", " \n\t", "\u2066"])
def test_a_reason_that_says_nothing_is_refused(reason: str) -> None:
    with pytest.raises(UsageError, match="the reason is empty"):
        require_reason(reason)
    assert require_reason(f"too slow{reason}")
