"""The base of a change, and what a merge with it would give: trees by their ids."""

from pathlib import Path

import pytest

from lockstep.check.base import find_base, merge_result
from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError, UsageError
from tests.unit.edges.repositories import commit, git, new_repository

PATHS = ("clusters", "lockstep.yaml")
SETTINGS = b"branch: main\nrepository: https://git.example.com/ml/fleet.git\n"


@pytest.fixture
def made(tmp_path: Path) -> Git:
    """``main`` and ``pull`` each have a file of their own; ``pull`` is checked out."""
    made = new_repository(tmp_path / "fleet", {"clusters/a": b"1\n", "lockstep.yaml": SETTINGS})
    git(made.root, "switch", "--quiet", "--create", "pull")
    commit(made.root, {"clusters/pull": b"1\n"})
    git(made.root, "switch", "--quiet", "main")
    commit(made.root, {"clusters/main": b"1\n"})
    git(made.root, "switch", "--quiet", "pull")
    return made


def merged(made: Git, base: str) -> set[str]:
    """The files below clusters/ of the merge of the work tree into ``base``."""
    with made.storing() as storing:
        tree = merge_result(storing, storing.work_tree_id(PATHS), base)
        return set(storing.read_tree(tree, ["clusters"]))


def test_the_work_tree_is_merged_into_a_base_that_has_moved_on(made: Git) -> None:
    (made.root / "clusters/new").write_bytes(b"")
    own = {"clusters/a", "clusters/pull", "clusters/new"}
    assert merged(made, "pull") == merged(made, "HEAD^") == own
    assert merged(made, "main") == own | {"clusters/main"}


def test_a_conflict_is_an_error(made: Git) -> None:
    (made.root / "clusters/main").write_bytes(b"another\n")
    with pytest.raises(LockstepError, match="files in conflict: clusters/main"):
        merged(made, "main")


def test_a_merge_that_is_being_made_is_not_merged_again(made: Git) -> None:
    commit(made.root, {"clusters/main": b"another\n"})
    made._run("merge", "main")
    (made.root / "clusters/main").write_bytes(b"resolved\n")
    git(made.root, "add", "--all")
    assert merged(made, "main") == {"clusters/a", "clusters/main", "clusters/pull"}


def test_before_a_first_commit_there_is_nothing_to_merge_with(tmp_path: Path) -> None:
    other = new_repository(tmp_path / "other")
    git(tmp_path, "init", "--quiet", "empty")
    empty = Git(tmp_path / "empty")
    (empty.root / "clusters").mkdir()
    (empty.root / "clusters/x").write_bytes(b"")
    assert merged(empty, git(other.root, "rev-parse", "HEAD")) == {"clusters/x"}


def default_base(made: Git) -> str | None:
    with made.storing() as storing:
        found = find_base(storing, None, storing.work_tree_id(PATHS))
        return found.commit if found else None


def test_the_default_base_is_the_followed_branch_where_there_is_a_change(made: Git) -> None:
    main = git(made.root, "rev-parse", "main")
    assert default_base(made) == main
    git(made.root, "switch", "--quiet", "main")
    assert default_base(made) == git(made.root, "rev-parse", "main^")
    (made.root / "src").write_bytes(b"")
    (made.root / "clusters/a").touch()
    assert default_base(made) == git(made.root, "rev-parse", "main^"), "nothing of the fleet"
    (made.root / ".gitattributes").write_bytes(b"* text\n")
    assert default_base(made) == main


def is_pull_request(made: Git, base: str | None = None) -> bool | None:
    with made.storing() as storing:
        found = find_base(storing, base, storing.work_tree_id(PATHS))
        return found.pull_request if found else None


def test_what_is_not_on_the_followed_branch_is_a_pull_request(made: Git) -> None:
    assert is_pull_request(made) and is_pull_request(made, "main")
    git(made.root, "switch", "--quiet", "main")
    assert is_pull_request(made) is is_pull_request(made, "main^") is False
    (made.root / "clusters/a").write_bytes(b"edited\n")
    assert is_pull_request(made) and is_pull_request(made, "main^")


def test_a_change_does_not_choose_the_followed_branch(made: Git) -> None:
    """Nor does one that removes the file that names it, or a base without one."""
    commit(made.root, {"lockstep.yaml": SETTINGS.replace(b"main", b"pull")})
    assert is_pull_request(made, "main")
    commit(made.root, {"lockstep.yaml": None})
    assert is_pull_request(made, "main") and is_pull_request(made, "HEAD")
    commit(made.root, {"clusters/x": b""})
    assert is_pull_request(made, "HEAD^")


@pytest.mark.parametrize("name", ["nothing", "--help", "a..b", ""])
def test_a_base_that_names_no_commit_is_a_usage_error(made: Git, name: str) -> None:
    with pytest.raises(UsageError, match="not a commit"):
        find_base(made, name, "HEAD")
