"""The commits of a pull request one by one: none of them edits or removes a record."""

from pathlib import Path

import pytest

from lockstep.check.pull_request import changed_in_between
from lockstep.edges.git import Git
from tests.unit.edges.repositories import commit, git, new_repository

PATH = "ledger/prod/fraud/000001.json"
NEXT = "ledger/prod/fraud/000002.json"


@pytest.fixture
def made(tmp_path: Path) -> Git:
    return new_repository(tmp_path / "fleet", {PATH: b"first", "ledger/notes": b""})


def found(made: Git, base: str = "main~0") -> list[str]:
    commit_of_base = made.resolve(base)
    assert commit_of_base
    return [finding.file for finding in changed_in_between(made, commit_of_base)]


def test_a_branch_may_add_records_and_change_what_is_none(made: Git) -> None:
    git(made.root, "switch", "--quiet", "--create", "pull")
    assert found(made, "HEAD") == []
    commit(made.root, {NEXT: b"second", "ledger/notes": b"x"})
    assert found(made, "main") == []


def test_an_edit_or_a_removal_is_found_whatever_comes_after_it(made: Git) -> None:
    git(made.root, "switch", "--quiet", "--create", "pull")
    commit(made.root, {NEXT: b"second"})
    git(made.root, "rm", "--quiet", NEXT)
    commit(made.root, {})
    assert found(made, "main") == [NEXT]
    commit(made.root, {PATH: b"another"})
    commit(made.root, {PATH: b"first"})
    assert found(made, "main") == [PATH, NEXT]
    git(made.root, "switch", "--quiet", "--detach", "main")
    git(made.root, "merge", "--quiet", "--no-ff", "--no-edit", "pull")
    assert found(made, "main") == [PATH, NEXT], "the merge itself changes nothing"


def test_what_a_commit_of_the_base_had_changed_may_be_restored(made: Git) -> None:
    commit(made.root, {PATH: b"tampered"})
    git(made.root, "switch", "--quiet", "--create", "pull")
    commit(made.root, {PATH: b"first"})
    assert found(made, "main") == []
