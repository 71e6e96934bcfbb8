"""What git's history says of the files of a ledger, on real repositories."""

import os
from pathlib import Path

import pytest

from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.canonical import digest_bytes
from tests.unit.edges.repositories import commit, git, new_repository


def changed(made: Git, at: str = "HEAD") -> list[str]:
    """The changed files of the ledger, as a run that begins now reads them."""
    history = LedgerReader(made).at(made.resolve(at) or "")
    assert history.missing == ""
    return sorted(history.changed)


def test_a_file_is_known_by_the_commit_that_added_it(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1"})
    added = commit(tmp_path, {"ledger/3": b"3", "ledger/*": b""})
    commit(tmp_path, {"ledger/3": b"edited"})
    assert made.added_by("ledger/3") == made.added_by("ledger/*") == added
    assert made.added_by("ledger/?") is made.added_by(":(top)ledger/3") is None


def test_a_file_was_brought_by_the_first_commit_of_the_branch_that_has_it(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1"})
    git(tmp_path, "switch", "--quiet", "--create", "side")
    added = commit(tmp_path, {"ledger/2": b"2"})
    git(tmp_path, "switch", "--quiet", "main")
    git(tmp_path, "merge", "--quiet", "--no-ff", "--no-edit", "side")
    merge = git(tmp_path, "rev-parse", "HEAD")
    commit(tmp_path, {"ledger/2": None})
    commit(tmp_path, {"ledger/2": b"put back"})
    assert made.brought_by("ledger/2", "HEAD") == merge
    assert made.brought_by("ledger/2", "side") == added
    assert made.brought_by("ledger/3", "HEAD") is None


def test_edited_and_removed_files_are_changed_with_all_that_they_held(tmp_path: Path) -> None:
    odd = os.fsdecode(b"ledger/\xff")
    files = {"ledger/1": b"1", "ledger/2": b"2", "ledger/ x": b"", odd: b"", "other/x": b""}
    made = new_repository(tmp_path, files)
    commit(tmp_path, {"ledger/3": b"3", "ledger/4": b"4"})
    assert changed(made) == []
    commit(tmp_path, {"ledger/1": b"edited", "ledger/2": None, odd: b"x", "other/x": b"x"})
    commit(tmp_path, {"ledger/1": b"again", "ledger/ x": b"x"})
    assert changed(made) == ["ledger/ x", "ledger/1", "ledger/2", odd]
    assert changed(made, "HEAD~2") == []
    history = LedgerReader(made).at(made.resolve("HEAD") or "")
    contents = tuple(digest_bytes(each) for each in (b"1", b"edited", b"again"))
    assert history.changed["ledger/1"] == contents
    assert history.changed["ledger/2"] == (digest_bytes(b"2"),)


def test_a_file_that_was_restored_is_whole_and_one_that_was_replaced_is_not(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1", "ledger/2": b"2"})
    gone: dict[str, bytes | None] = {"ledger/1": None, "ledger/2": None}
    commit(tmp_path, gone)
    commit(tmp_path, {"ledger/1": b"1", "ledger/2": b"another"})
    assert changed(made) == ["ledger/2"]


def test_what_a_merge_changes_is_seen_and_what_it_leaves_behind_is_not(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1", "ledger/2": b"2"})
    git(tmp_path, "switch", "--quiet", "-c", "side")
    commit(tmp_path, {"ledger/3": b"the proposal"})
    commit(tmp_path, {"ledger/4": b"late"})
    git(tmp_path, "switch", "--quiet", "main")
    commit(tmp_path, {"ledger/4": b"first"})
    git(tmp_path, "merge", "--quiet", "--no-edit", "-X", "ours", "side")
    assert changed(made) == []
    git(tmp_path, "switch", "--quiet", "side")
    commit(tmp_path, {"x": b""})
    git(tmp_path, "switch", "--quiet", "main")
    git(tmp_path, "merge", "--quiet", "--no-ff", "--no-commit", "side")
    commit(tmp_path, {"ledger/2": b"edited"})
    assert changed(made) == ["ledger/2"]


def test_a_merge_that_takes_the_other_side_of_a_conflict_has_changed_the_record(
    tmp_path: Path,
) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1"})
    git(tmp_path, "switch", "--quiet", "-c", "side")
    commit(tmp_path, {"ledger/2": b"theirs"})
    git(tmp_path, "switch", "--quiet", "main")
    commit(tmp_path, {"ledger/2": b"published"})
    git(tmp_path, "merge", "--quiet", "--no-edit", "-X", "theirs", "side")
    assert changed(made) == ["ledger/2"]


@pytest.mark.parametrize(
    "setting",
    ["log.showRoot=false", "log.follow=true", "log.showSignature=true", "diff.renames=copies",
     "diff.relative=true", "log.diffMerges=combined", "core.quotePath=true"],
)  # fmt: skip
def test_the_users_configuration_hides_nothing(tmp_path: Path, setting: str) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1", "ledger/2": b"2"})
    git(tmp_path, "config", *setting.split("="))
    commit(tmp_path, {"ledger/1": None, "ledger/9": b"1"})
    assert changed(made) == ["ledger/1"]


def test_a_link_in_the_place_of_a_record_has_changed_it(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1"})
    (tmp_path / "ledger" / "1").unlink()
    (tmp_path / "ledger" / "1").symlink_to("elsewhere")
    commit(tmp_path, {})
    assert changed(made) == ["ledger/1"]


def test_a_run_reads_only_what_has_come_since(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"ledger/1": b"1", "ledger/2": b"2"})
    reader = LedgerReader(made)
    first = made.resolve("HEAD") or ""
    assert reader.at(first).changed == {}
    second = commit(tmp_path, {"ledger/1": b"edited"})
    assert list(reader.at(second).changed) == ["ledger/1"]
    third = commit(tmp_path, {"ledger/1": b"1", "ledger/2": None})
    assert list(reader.at(third).changed) == ["ledger/2"]
    assert reader.at(third) is reader.at(third)
    # Not a descendant: everything is read anew.
    assert reader.at(first).changed == {}


def test_a_shallow_clone_and_an_unknown_commit_say_why_nothing_is_known(tmp_path: Path) -> None:
    made = new_repository(tmp_path / "whole", {"ledger/1": b"1"})
    commit(made.root, {"ledger/1": b"edited"})
    git(tmp_path, "clone", "--quiet", "--depth=1", made.root.as_uri(), "shallow")
    shallow = Git(tmp_path / "shallow")
    history = LedgerReader(shallow).at(shallow.resolve("HEAD") or "")
    assert (dict(history.changed), history.missing) == ({}, "this clone is shallow")
    assert "git log failed" in LedgerReader(made).at("f" * 40).missing
