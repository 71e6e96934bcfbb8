"""Which checks are answered from the cache: those of the same content, hour, freezes and shard."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockstep.check import change as change_module
from lockstep.check import change_check
from lockstep.check.cached import CheckOptions, check_work_tree
from lockstep.check.change import Change
from lockstep.edges import process
from lockstep.edges.git import Git
from lockstep.model.outcome import CONTENT, SHARD, Outcome
from lockstep.model.shard import Shard
from tests.unit.edges.repositories import commit, new_repository

ENVIRONMENT = "clusters/prod/environment.yaml"
FREEZE = b"""\
apiVersion: lockstep.dev/v1alpha1
kind: Environment
metadata: {name: prod}
spec:
  freezes:
    - {name: audit, reason: books, from: "2026-06-01T08:30:00Z", until: "2026-06-01T10:30:00Z"}
"""
AT = CheckOptions(datetime(2026, 6, 1, 8, 10, tzinfo=UTC))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Change]:
    """The changes that were checked; nothing is found. The cache is a new one."""
    changes: list[Change] = []

    def check_change_of(change: Change, _: object) -> Outcome:
        changes.append(change)
        return Outcome((), {"families": len(change.git.object_ids(change.tree_id, ["clusters/"]))})

    monkeypatch.setattr(change_check, "check_change_of", check_change_of)
    monkeypatch.setattr(change_module, "find_opa", lambda: Path("/opa"))
    monkeypatch.setattr(change_module, "opa_version", lambda _: "1.22.0")
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path / "cache"))
    return changes


@pytest.fixture
def fleet(tmp_path: Path) -> Git:
    return new_repository(tmp_path / "fleet", {ENVIRONMENT: FREEZE})


def at(hour: int, minute: int) -> CheckOptions:
    return replace(AT, now=AT.now.replace(hour=hour, minute=minute))


def test_the_same_content_in_the_same_hour_is_checked_once(fleet: Git, ran: list[Change]) -> None:
    assert check_work_tree(fleet, at(8, 10)) == check_work_tree(fleet, at(8, 20))
    assert len(ran) == 1
    check_work_tree(fleet, at(9, 0))
    assert len(ran) == 2


def test_what_a_check_depends_on_is_found_without_what_evaluates_it() -> None:
    code = "import lockstep.check.cached, lockstep.check.change, lockstep.check.attributes, sys"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    modules = set(done.stdout.split())
    assert "lockstep.spec.freezes" in modules
    assert not modules & {
        "jinja2", "ryml", "requests", "ssl", "opa_client", "concurrent.futures",
        "lockstep.policy", "lockstep.render", "lockstep.check.pipeline",
    }  # fmt: skip


def test_a_freeze_that_begins_or_ends_within_the_hour_is_checked(
    fleet: Git, ran: list[Change]
) -> None:
    for number, (hour, minute) in enumerate([(8, 10), (8, 40), (10, 10), (10, 40)], 1):
        check_work_tree(fleet, at(hour, minute))
        assert len(ran) == number


def test_a_freeze_of_the_base_counts_where_the_change_removes_it(
    fleet: Git, ran: list[Change]
) -> None:
    (fleet.root / ENVIRONMENT).write_bytes(FREEZE.partition(b"spec:")[0] + b"spec: {}\n")
    check_work_tree(fleet, at(8, 10))
    check_work_tree(fleet, at(8, 40))
    assert len(ran) == 2


def test_another_tree_or_base_is_checked(fleet: Git, ran: list[Change]) -> None:
    check_work_tree(fleet, AT)
    (fleet.root / "clusters/prod/more.yaml").write_bytes(b"a: 1\n")
    check_work_tree(fleet, AT)
    commit(fleet.root, {"clusters/prod/more.yaml": b"a: 1\n"})
    check_work_tree(fleet, AT)
    assert len(ran) == 2, "the commit has the content and the base of the work tree before it"
    commit(fleet.root, {"policies/data/a.yaml": b"a: 1\n"})
    check_work_tree(fleet, AT)
    assert len(ran) == 3
    assert [change.base is not None for change in ran] == [False, True, True]


def test_a_shard_says_its_part_and_its_content(fleet: Git, ran: list[Change]) -> None:
    whole, one, two = (
        check_work_tree(fleet, replace(AT, shard=shard))
        for shard in (AT.shard, Shard(1, 2), Shard(2, 2))
    )
    assert len(ran) == 3
    assert SHARD not in whole.summary
    assert (one.summary[SHARD], two.summary[SHARD]) == ("1/2", "2/2")
    assert one.summary[CONTENT] == two.summary[CONTENT]


def test_an_entry_that_cannot_be_read_is_checked_again(
    fleet: Git, ran: list[Change], tmp_path: Path
) -> None:
    first = check_work_tree(fleet, AT)
    for entry in (tmp_path / "cache").iterdir():
        entry.write_bytes(b'{"findings": 1}')
    assert check_work_tree(fleet, AT) == first
    assert len(ran) == 2


def test_a_check_starts_few_programs(
    fleet: Git, ran: list[Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(fleet.root, {"clusters/prod/a/family.yaml": b"a: 1\n"})
    (fleet.root / ENVIRONMENT).write_bytes(FREEZE + b"# a remark\n")
    started, run = [], process.run

    def noted(argv: Sequence[str], **how: object) -> process.Completed:
        started.append(argv)
        return run(argv, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "run", noted)
    check_work_tree(fleet, replace(AT, base="HEAD"))
    assert len(ran) == 1
    assert len(started) <= 9, started
