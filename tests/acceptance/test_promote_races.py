"""Two runners: each has a clone of one remote, and one is faster while the other one decides."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from lockstep.transactions import promotion_plan
from lockstep.transactions.copies import find_copy
from tests.acceptance.promotions import DAY, PROD, STAGING, Stages
from tests.acceptance.world import connect, git

NOW = f"{DAY}08:00:00Z"


@pytest.fixture
def stages(stages: Stages) -> Stages:
    """The promotion to prod is automatic and due, and another runner has a clone of its own."""
    stages.tag("2")
    stages.policy("{automatic: [scoring]}")
    connect(stages.another_clone(), str(stages.origin))
    return stages


def start(stages: Stages, registry: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process, in the other clone."""
    where = ["--root", str(stages.folder / "other"), "--registry-uri", registry, "--now", NOW]
    return subprocess.Popen(
        [sys.executable, "-m", "lockstep", *arguments, *where],
        env={**os.environ, "NO_COLOR": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def while_it_decides(
    stages: Stages, monkeypatch: pytest.MonkeyPatch, *arguments: str, family: str
) -> list[str]:
    """Have the other runner run a verb once this one has read the branch; what that printed."""
    said: list[str] = []
    find: Callable[..., object] = find_copy

    def slowly(*given: object) -> object:
        if not said:
            running = start(stages, stages.registry_of(family), *arguments)
            said.append(running.communicate()[0])
            assert running.returncode == 0, said
        return find(*given)

    monkeypatch.setattr(promotion_plan, "find_copy", slowly)
    return said


def actions(stages: Stages, family: str) -> list[str]:
    """The actions of all records at the remote, in order."""
    stages.git("fetch", "--quiet", "origin")
    names = stages.git("ls-tree", "--name-only", "origin/main", f"ledger/{family}/").split()
    texts = (git(stages.clone, "show", f"origin/main:{name}") for name in names)
    return [text.partition('"action": "')[2].partition('"')[0] for text in texts]


def test_a_rollback_in_the_predecessor_that_is_faster_wins(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    revert = ("revert", STAGING, "3", "--reason", "bad after all")
    said = while_it_decides(stages, monkeypatch, *revert, family=STAGING)
    code, ended = stages.promote("--all")
    assert said and actions(stages, STAGING)[-1] == "restore", said
    assert code == 0 and f"version 1 of {STAGING} serves here already" in ended, ended
    assert actions(stages, PROD) == ["adopt"] and stages.branches() == []


def test_of_two_promotions_one_is_made(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    said = while_it_decides(stages, monkeypatch, "promote", "--all", family=PROD)
    code, ended = stages.promote("--all")
    assert said and f"{PROD}: version 2 is proposed" in said[0]
    assert code == 0 and f"{PROD}: propose was decided by another run" in ended, ended
    assert actions(stages, PROD) == ["adopt", "propose"]


def test_a_change_of_the_policy_that_is_faster_counts(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once people have said that they want to be asked, nothing is proposed without them."""
    find: Callable[..., object] = find_copy
    done: list[object] = []

    def slowly(*given: object) -> object:
        if not done:
            done.append(True)
            stages.policy("{bake: 1h}")
        return find(*given)

    monkeypatch.setattr(promotion_plan, "find_copy", slowly)
    code, ended = stages.promote("--all")
    assert code == 0 and done and "is not automatic any more" in ended, ended
    assert actions(stages, PROD) == ["adopt"]


def test_runners_at_once_make_one_proposal(stages: Stages) -> None:
    registry = stages.registry_of(PROD)
    running = [start(stages, registry, "promote", "--all")]
    code, ended = stages.promote("--all")
    (said,) = (each.communicate()[0] for each in running)
    assert code == 0 and running[0].returncode == 0, (ended, said)
    assert actions(stages, PROD) == ["adopt", "propose"]


def test_a_push_to_the_branch_of_a_proposal_that_is_faster_is_used_again(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = while_it_decides(stages, monkeypatch, "promote", "scoring", family=PROD)
    code, ended = stages.promote("scoring")
    assert said and code == 0, ended
    (branch,) = stages.branches()
    assert f"is proposed on branch {branch}" in said[0] and f"on branch {branch}" in ended
