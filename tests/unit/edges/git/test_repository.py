"""git as Lockstep uses it, on real repositories: where a fleet is, who commits, history."""

from pathlib import Path

import pytest

from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError, UsageError
from tests.unit.edges.repositories import child, commit, git, new_repository


def test_the_repository_is_found_from_any_folder_in_it(tmp_path: Path) -> None:
    root = tmp_path / "mÿ fleet"
    new_repository(root, {"clusters/prod/a.yaml": b""})
    assert Git.find(root / "clusters" / "prod").root == root


def test_a_fleet_in_a_folder_of_a_larger_repository_has_paths_of_its_own(tmp_path: Path) -> None:
    files = {"ml/fleet/lockstep.yaml": b"", "ml/fleet/clusters/a": b"1", "clusters/b": b"2"}
    new_repository(tmp_path, files)
    made = Git.find(tmp_path / "ml" / "fleet" / "clusters")
    assert made.root == tmp_path / "ml" / "fleet" and made.top == tmp_path
    head = made.resolve("HEAD") or ""
    assert made.read_tree(head, ["clusters"]) == {"clusters/a": b"1"}
    later = child(made, {"clusters/a": None, "clusters/c": b"3"})
    assert made.read_tree(later, ["clusters"]) == {"clusters/c": b"3"}
    assert made.changed_files(head, later).keys() == {"clusters/a", "clusters/c"}
    assert git(tmp_path, "ls-tree", "-r", "--name-only", later).split() == [
        "clusters/b", "ml/fleet/clusters/c", "ml/fleet/lockstep.yaml",
    ]  # fmt: skip


def test_a_commit_from_before_the_fleet_has_no_file_of_it(tmp_path: Path) -> None:
    new_repository(tmp_path, {"README": b""})
    commit(tmp_path, {"fleet/lockstep.yaml": b""})
    made = Git.find(tmp_path / "fleet")
    before = made.resolve("HEAD^") or ""
    assert made.read_tree(before, ["lockstep.yaml"]) == {}
    assert made.object_ids(before, ["x"]) == {}
    with pytest.raises(LockstepError, match="ls-tree"):
        made.read_tree("a" * 40, ["lockstep.yaml"])


def test_a_bare_repository_has_the_fleet_at_its_top(tmp_path: Path) -> None:
    new_repository(tmp_path / "one", {"lockstep.yaml": b"", "clusters/a": b"1"})
    git(tmp_path, "clone", "--quiet", "--mirror", str(tmp_path / "one"), "mirror.git")
    made = Git.find(tmp_path / "mirror.git")
    assert made.read_tree("HEAD", ["clusters"]) == {"clusters/a": b"1"}
    assert not made.has_work_tree()
    with pytest.raises(UsageError, match="bare repository"):
        made.require_work_tree()


@pytest.mark.parametrize("inside", ["", "repository/.git"])
def test_outside_of_a_work_tree_is_a_usage_error(tmp_path: Path, inside: str) -> None:
    new_repository(tmp_path / "repository")
    with pytest.raises(UsageError, match="not a git repository") as error:
        Git.find(tmp_path / inside)
    assert "--root" in error.value.fix


def test_a_replacement_is_ignored(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"a": b"1"})
    first = git(tmp_path, "rev-parse", "HEAD")
    second = commit(tmp_path, {"a": b"2"})
    git(tmp_path, "replace", first, second)
    assert made.read_tree(first, ["a"]) == {"a": b"1"}


def test_the_actor_is_gits_committer(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    assert made.actor() == "A Tester <tester@example.com>"
    git(tmp_path, "config", "user.useConfigOnly", "true")
    git(tmp_path, "config", "--unset", "user.email")
    with pytest.raises(LockstepError, match="no name and e-mail address"):
        made.actor()


def test_a_commit_has_parents_and_a_message(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    head = made.resolve("HEAD") or ""
    assert made.read_commit(head) == ([], "change\n")
    assert made.read_commit(child(made, {"x": b""}))[0] == [head]


def test_the_work_trees_on_a_branch_are_found(tmp_path: Path) -> None:
    made = new_repository(tmp_path / "one")
    git(made.root, "worktree", "add", "--quiet", "-b", "x", str(tmp_path / "two"))
    assert made.work_trees_on("main") == [tmp_path / "one"]
    assert made.work_trees_on("x") == [tmp_path / "two"]
    assert made.work_trees_on("nothing") == []
