"""References on real repositories: names, branches, and how they move."""

from pathlib import Path

import pytest

from lockstep.edges.git import Raced
from lockstep.edges.git.repository import Git
from lockstep.model.errors import LockstepError
from tests.unit.edges.repositories import child, commit, git, new_repository, with_remote


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """A repository for tests that leave it as it is."""
    return new_repository(tmp_path_factory.mktemp("repository"))


@pytest.mark.parametrize(
    "reference",
    ["", "--all", "-h", "nothing", "HEAD:clusters", "HEAD^9", "a b", "@{99}", "main..main", "\n"],
)
def test_a_reference_without_a_commit_is_none(unchanged: Git, reference: str) -> None:
    assert unchanged.resolve(reference) is None


def test_commits_are_found_by_branch_tag_and_id(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    head = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "tag", "--annotate", "--message=x", "v1")
    assert {made.resolve(name) for name in ("HEAD", "main", "v1", head, head[:10])} == {head}
    with pytest.raises(LockstepError, match="cannot start git"):
        made.resolve("HEAD\0")


def test_a_name_that_a_tag_shares_with_a_branch_names_two_commits(tmp_path: Path) -> None:
    made, _ = with_remote(tmp_path)
    first = git(made.root, "rev-parse", "HEAD")
    second = commit(made.root, {"b": b""})
    assert made.possible_commits("origin/main") == made.possible_commits(first) == {first}
    assert made.possible_commits("nothing") == set()
    git(made.root, "tag", "origin/main", second)
    assert made.possible_commits("origin/main") == {first, second}
    assert made.possible_commits("refs/remotes/origin/main") == {first}
    git(made.root, "tag", "refs/remotes/origin/main", second)
    assert made.possible_commits("refs/remotes/origin/main") == {first}


@pytest.mark.parametrize(
    "name", ["-x", "--force", "a/b", "w;$(touch${IFS}pwned)`touch|pwned`", "ünï", "a@b", "\udcff"]
)
def test_a_branch_of_any_name_can_be_worked_on(tmp_path: Path, name: str) -> None:
    made = new_repository(tmp_path)
    git(tmp_path, "symbolic-ref", "HEAD", f"refs/heads/{name}")
    head = commit(tmp_path, {"x": b""})
    assert made.branch() == name
    assert made.resolve(f"refs/heads/{name}") == head
    assert not list(tmp_path.rglob("pwned*"))


def test_a_detached_head_is_on_no_branch(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    git(tmp_path, "checkout", "--quiet", "--detach")
    assert made.branch() is None


def test_a_branch_moves_from_where_it_is_expected_and_from_nowhere_else(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    head = git(tmp_path, "rev-parse", "HEAD")
    made.move_branch("lockstep/x", head, None)
    later = child(made, {"x": b""})
    for wrong in (None, later):
        with pytest.raises(Raced, match="lockstep/x has moved on"):
            made.move_branch("lockstep/x", later, wrong)
    assert made.resolve("lockstep/x") == head
    made.move_branch("lockstep/x", later, head)
    assert made.resolve("lockstep/x") == later


@pytest.mark.parametrize("name", ["a..b", "a b", "main/x", "x.lock", ""])
def test_an_impossible_branch_is_an_error_and_not_a_race(unchanged: Git, name: str) -> None:
    with pytest.raises(LockstepError, match="cannot move") as error:
        unchanged.move_branch(name, unchanged.resolve("HEAD") or "", None)
    assert not isinstance(error.value, Raced)


def test_names_of_branches_are_those_that_git_accepts(unchanged: Git) -> None:
    assert unchanged.is_branch_name("regions/eu-west-2")
    assert not any(map(unchanged.is_branch_name, ["", "a..b", "-x", "a b"]))


def test_a_file_of_git_is_found_in_a_work_tree_of_several(tmp_path: Path) -> None:
    made = new_repository(tmp_path / "one")
    git(made.root, "worktree", "add", "--quiet", str(tmp_path / "two"))
    two = Git(tmp_path / "two")
    assert (made.git_folder(), two.git_folder()) == (
        tmp_path / "one/.git", tmp_path / "one/.git/worktrees/two",
    )  # fmt: skip
    assert made.path_of("index") == tmp_path / "one/.git/index"
    assert two.path_of("index") == tmp_path / "one/.git/worktrees/two/index"
    assert two.path_of("refs/heads/x") == tmp_path / "one/.git/refs/heads/x"
