"""Branches that are to be merged: used again, replaced, or refused because people use them."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from lockstep.edges.git import Git
from lockstep.model.errors import Denied
from lockstep.model.record import write_record
from lockstep.model.result import Decided
from lockstep.rollout.commit_message import commit_message
from lockstep.spec.lock import build_lock, write_lock
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.run import Run, open_run
from tests.unit.edges.repositories import child, git
from tests.unit.transactions.fleet_repository import FAMILY, decision_on, fleet, options

LOCK = "clusters/prod/scoring/locks/9.yaml"


def lock(read_at: str, status: str = "READY") -> bytes:
    identity = {"registry": "mlflow", "model": "scoring", "version": "9", "digest": "sha256:1"}
    facts = {"readAt": read_at, "status": status}
    return write_lock(build_lock("prod", "scoring", {"identity": identity, "facts": facts}))


def planned(run: Run, lock_data: bytes = b"", **changes: Any) -> PlannedCommit:
    state = run.state(FAMILY)
    decision = structs.replace(decision_on(state, "because"), **changes)
    files = {decision.path: write_record(decision), LOCK: lock_data or lock("2026-03-01T08:00:00Z")}
    return PlannedCommit(run.git.write_tree(state.snapshot.base, files), Decided((decision,)))


def put(made: Git, name: str = "lockstep/x", minutes: int = 0, **changes: Any) -> str:
    with open_run(options(made, minutes)) as run:
        return run.put_on(name, planned(run, **changes)).commit


def test_the_same_content_is_used_again_whenever_and_by_whom(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    first = put(made)
    git(made.root, "config", "user.name", "Somebody else")
    later = lock("2026-03-01T09:00:00Z")
    assert put(Git(made.root), minutes=5, lock_data=later, time_given=False) == first
    assert git(remote, "rev-parse", "lockstep/x") == first


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "another"},
        {"lock_data": lock("2026-03-01T08:00:00Z", "FAILED")},
        {"lock_data": b"["},
    ],
)
def test_other_content_replaces_what_lockstep_made(tmp_path: Path, change: dict[str, Any]) -> None:
    made, remote = fleet(tmp_path)
    first = put(made)
    second = put(made, **change)
    assert second != first and git(remote, "rev-parse", "lockstep/x") == second
    assert git(remote, "rev-parse", "lockstep/x^") == git(remote, "rev-parse", "main")


def test_a_followed_branch_that_moved_on_is_no_reason_to_replace(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    first = put(made)
    unrelated = child(made, {"README": b"x"})
    git(made.root, "push", "--quiet", "origin", f"{unrelated}:main")
    assert put(made) == first


@pytest.mark.parametrize("how", ["commit", "merge", "trailer", "record", "blank line"])
def test_what_people_put_on_a_branch_stays(tmp_path: Path, how: str) -> None:
    made, remote = fleet(tmp_path)
    first = put(made)
    base = git(remote, "rev-parse", "main")
    tree = made.write_tree(first, {"README": b"mine"})
    unreadable = made.write_tree(base, {"ledger/prod/scoring/000001.json": b"{}"})
    with open_run(options(made)) as run:
        message = commit_message(planned(run).result.decisions)
    mine = {
        "commit": lambda: made.commit_tree(tree, [first], "mine"),
        "merge": lambda: made.commit_tree(tree, [first, base], message),
        "trailer": lambda: made.commit_tree(tree, [first], message),
        "record": lambda: child(made, {"ledger/prod/scoring/000001.json": b"{}"}, base),
        # A record that cannot be read has no id, and an empty line names none.
        "blank line": lambda: made.commit_tree(unreadable, [base], "mine\n\nA record by hand."),
    }[how]()
    git(made.root, "push", "--quiet", "--force", "origin", f"{mine}:refs/heads/lockstep/x")
    with pytest.raises(Denied, match="commits that Lockstep did not make") as error:
        put(made)
    assert "--branch" in error.value.fix
    assert git(remote, "rev-parse", "lockstep/x") == mine


def test_without_a_remote_the_branch_is_a_local_one(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    git(made.root, "remote", "remove", "origin")
    made = Git(made.root)
    first = put(made)
    assert made.resolve("lockstep/x") == first == put(made, minutes=1)
    git(made.root, "switch", "--quiet", "lockstep/x")
    second = put(made, reason="another")
    # It is checked out, so its files follow it.
    assert made.resolve("HEAD") == second and git(made.root, "status", "--porcelain") == ""
