"""The branch that is followed: whatever is checked out, and never that of a fork."""

from pathlib import Path

import pytest

from lockstep.check.followed import Followed, find_followed, is_published, refreshed
from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError, UsageError
from tests.unit.edges.repositories import child, commit, git, new_repository


def settings(branch: str, repository: object) -> dict[str, bytes]:
    return {"lockstep.yaml": f"branch: {branch}\nrepository: {repository}\n".encode()}


def fleet(folder: Path, branch: str = "main") -> tuple[Git, Path]:
    """A clone on ``main``, and its remote, whose lockstep.yaml names ``branch``."""
    remote = folder / "fleet.git"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    made = new_repository(folder / "clone", settings(branch, remote))
    git(made.root, "remote", "add", "origin", str(remote))
    git(made.root, "push", "--quiet", "--set-upstream", "origin", "main")
    return made, remote


def tip(remote: Path, branch: str = "main") -> str:
    return git(remote, "rev-parse", branch)


def test_the_remote_has_it_whatever_is_checked_out(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    git(made.root, "switch", "--quiet", "--create", "feature")
    commit(made.root, settings("evil", remote))
    found = find_followed(Git(made.root))
    assert (found.branch, found.tip) == ("main", tip(remote))
    assert str(found) == f"branch main of origin, {remote}"
    git(made.root, "checkout", "--quiet", "--detach")
    assert find_followed(Git(made.root)).tip == tip(remote)


def test_a_commit_is_published_once_the_followed_branch_of_the_remote_has_it(
    tmp_path: Path,
) -> None:
    made, _ = fleet(tmp_path)
    assert is_published(made, "HEAD", "HEAD")
    commit(made.root, {"x": b""})
    assert not is_published(made, "HEAD", "HEAD") and is_published(made, "HEAD^", "HEAD^")
    git(made.root, "push", "--quiet", "origin", "main")
    assert is_published(made, "HEAD", "HEAD^")
    git(made.root, "remote", "set-url", "origin", str(tmp_path / "fork.git"))
    assert not is_published(Git(made.root), "HEAD", "HEAD"), (
        "no remote is the one that the file names"
    )


def test_a_new_commit_of_the_remote_is_fetched(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    found = find_followed(made)
    git(tmp_path, "clone", "--quiet", str(remote), "other")
    other = Git(tmp_path / "other")
    git(other.root, "push", "--quiet", "origin", f"{other.resolve('HEAD')}:refs/heads/x")
    git(other.root, "config", "user.name", "O")
    git(other.root, "config", "user.email", "o@example.com")
    later = commit(other.root, {"x": b""})
    git(other.root, "push", "--quiet", "origin", "main")
    assert refreshed(made, found) == Followed("main", found.remote, later)
    assert made.has_objects(later)


def test_the_default_branch_says_which_branch_is_followed(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path, branch="production")
    with pytest.raises(LockstepError, match="origin has no branch 'production'"):
        find_followed(made)
    git(made.root, "push", "--quiet", "origin", f"{child(made, {'x': b''})}:refs/heads/production")
    found = find_followed(made)
    assert (found.branch, found.tip) == ("production", tip(remote, "production"))


def test_without_a_default_branch_the_file_at_head_names_it(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    git(remote, "symbolic-ref", "HEAD", "refs/heads/unborn")
    assert find_followed(made).tip == tip(remote)


def test_the_clone_of_a_fork_does_not_move_the_fork(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    git(tmp_path, "clone", "--quiet", "--bare", str(remote), "fork.git")
    git(made.root, "remote", "set-url", "origin", str(tmp_path / "fork.git"))
    with pytest.raises(UsageError, match="the remotes are: origin") as error:
        find_followed(Git(made.root))
    assert "--remote" in error.value.fix
    git(made.root, "remote", "add", "upstream", str(remote))
    found = find_followed(Git(made.root))
    assert found.remote and found.remote.name == "upstream"


def test_a_remote_that_pushes_to_a_fork_is_not_the_fleet(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    git(made.root, "remote", "set-url", "--push", "origin", "git@git.example.com:me/fleet.git")
    with pytest.raises(UsageError, match="no remote has this address"):
        find_followed(Git(made.root))


def test_of_several_remotes_that_fit_one_has_to_be_named(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    git(made.root, "remote", "add", "same", f"{remote}/")
    with pytest.raises(UsageError, match="several remotes are: origin, same"):
        find_followed(Git(made.root))
    found = find_followed(Git(made.root), "same")
    assert found.remote and found.remote.name == "same"
    with pytest.raises(UsageError, match="there is no remote 'other'"):
        find_followed(Git(made.root), "other")


def test_a_remote_whose_own_file_names_another_repository_is_refused(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    commit(made.root, settings("main", "https://git.example.com/other.git"))
    git(made.root, "push", "--quiet", "origin", "main")
    git(made.root, "reset", "--quiet", "--hard", "HEAD^")
    with pytest.raises(UsageError, match=r"names https://git.example.com/other.git"):
        find_followed(Git(made.root))


def test_a_clone_from_before_lockstep_yaml_follows_its_only_remote(tmp_path: Path) -> None:
    made, remote = fleet(tmp_path)
    git(made.root, "switch", "--quiet", "--orphan", "old")
    commit(made.root, {"x": b""})
    assert find_followed(Git(made.root)).tip == tip(remote)
    git(made.root, "remote", "add", "other", str(remote))
    with pytest.raises(UsageError, match=r"no lockstep.yaml at HEAD"):
        find_followed(Git(made.root))


def test_a_remote_without_the_file_says_what_to_write(tmp_path: Path) -> None:
    made, _ = fleet(tmp_path)
    commit(made.root, {"lockstep.yaml": None})
    git(made.root, "push", "--quiet", "origin", "main")
    with pytest.raises(UsageError, match=r"main of origin has no lockstep.yaml") as error:
        find_followed(Git(made.root))
    assert "repository: https://" in error.value.fix


def test_without_a_remote_the_branch_is_a_local_one(tmp_path: Path) -> None:
    made = new_repository(tmp_path, settings("main", "https://git.example.com/fleet.git"))
    git(tmp_path, "switch", "--quiet", "--create", "feature")
    commit(tmp_path, {"x": b""})
    found = find_followed(made)
    assert found == Followed("main", None, made.resolve("main") or "")
    assert refreshed(made, found) == found
    with pytest.raises(UsageError, match="no remote"):
        find_followed(made, "origin")
    commit(tmp_path, settings("gone", "https://git.example.com/fleet.git"))
    with pytest.raises(UsageError, match="'gone', which this repository does not have"):
        find_followed(made)
    commit(tmp_path, {"lockstep.yaml": None})
    with pytest.raises(UsageError, match=r"no lockstep.yaml at HEAD"):
        find_followed(made)
