"""git as Lockstep uses it, on real repositories: branches, remotes, races, hooks, history."""

from pathlib import Path

import pytest

from lockstep.edges.git import Git, Raced
from lockstep.model.errors import LockstepError, UsageError
from tests.unit.edges.repositories import another_clone, commit, git, new_repository, with_remote


def child(made: Git, files: dict[str, bytes | None], parent: str = "HEAD") -> str:
    """A commit made without the work tree, on top of ``parent``."""
    base = git(made.root, "rev-parse", parent)
    return made.commit_tree(made.write_tree(base, files), [base], "decided")


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """A repository for tests that leave it as it is."""
    return new_repository(tmp_path_factory.mktemp("repository"))


def test_the_repository_is_found_from_any_folder_in_it(tmp_path: Path) -> None:
    root = tmp_path / "mÿ fleet"
    new_repository(root, {"clusters/prod/a.yaml": b""})
    assert Git.find(root / "clusters" / "prod").root == root


@pytest.mark.parametrize("inside", ["", "repository/.git"])
def test_outside_of_a_work_tree_is_a_usage_error(tmp_path: Path, inside: str) -> None:
    new_repository(tmp_path / "repository")
    with pytest.raises(UsageError, match="not a git repository") as error:
        Git.find(tmp_path / inside)
    assert "--root" in error.value.fix


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


def test_a_replacement_is_ignored(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"a": b"1"})
    first = git(tmp_path, "rev-parse", "HEAD")
    second = commit(tmp_path, {"a": b"2"})
    git(tmp_path, "replace", first, second)
    assert made.read_tree(first, ["a"]) == {"a": b"1"}


@pytest.mark.parametrize(
    "name", ["-x", "--force", "a/b", "w;$(touch${IFS}pwned)`touch|pwned`", "ünï", "a@b", "\udcff"]
)
def test_a_branch_of_any_name_can_be_worked_on(tmp_path: Path, name: str) -> None:
    made = new_repository(tmp_path)
    git(tmp_path, "symbolic-ref", "HEAD", f"refs/heads/{name}")
    head = commit(tmp_path, {"x": b""})
    assert made.branch() == name
    assert made.remote(name) is None
    assert made.resolve(f"refs/heads/{name}") == head
    assert not list(tmp_path.rglob("pwned*"))


def test_a_detached_head_is_a_usage_error(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    git(tmp_path, "checkout", "--quiet", "--detach")
    with pytest.raises(UsageError, match="not on a branch"):
        made.branch()


def test_a_branch_follows_its_own_remote_or_origin_or_none(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    assert made.remote("main") is None
    git(tmp_path, "remote", "add", "origin", "/nowhere")
    git(tmp_path, "remote", "add", "backup", "/nowhere")
    assert made.remote("main") == "origin"
    git(tmp_path, "config", "branch.main.remote", "backup")
    assert made.remote("main") == "backup"
    git(tmp_path, "config", "branch.main.remote", "https://example.com/x.git")
    assert made.remote("main") is None


def test_the_actor_is_gits_committer(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    assert made.actor() == "A Tester <tester@example.com>"
    git(tmp_path, "config", "user.useConfigOnly", "true")
    git(tmp_path, "config", "--unset", "user.email")
    with pytest.raises(LockstepError, match="no name and e-mail address"):
        made.actor()


def test_changes_are_those_of_index_and_work_tree_untracked_and_hostile_names_too(
    tmp_path: Path,
) -> None:
    files = {"staged": b"1", "edited": b"1", "deleted": b"1", "same": b"1", ".gitignore": b"ig*"}
    made = new_repository(tmp_path, files)
    assert made.changes() == []
    (tmp_path / "staged").write_bytes(b"2")
    git(tmp_path, "add", "staged")
    (tmp_path / "edited").write_bytes(b"2")
    (tmp_path / "deleted").unlink()
    (tmp_path / "ignored").write_bytes(b"")
    (tmp_path / ' new\n"x" -> y').write_bytes(b"")
    git(tmp_path, "config", "status.showUntrackedFiles", "no")
    assert sorted(made.changes()) == [' new\n"x" -> y', "deleted", "edited", "staged"]


def test_a_branch_is_created_once_and_never_moved(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    head = git(tmp_path, "rev-parse", "HEAD")
    made.create_branch("lockstep/x", head)
    with pytest.raises(Raced, match="exists already"):
        made.create_branch("lockstep/x", child(made, {"x": b""}))
    assert made.resolve("lockstep/x") == head


@pytest.mark.parametrize("name", ["a..b", "a b", "main/x", "x.lock", ""])
def test_an_impossible_branch_name_is_an_error_and_not_a_race(unchanged: Git, name: str) -> None:
    with pytest.raises(LockstepError, match="cannot make") as error:
        unchanged.create_branch(name, unchanged.resolve("HEAD") or "")
    assert not isinstance(error.value, Raced)


def test_a_push_publishes_and_a_fetch_sees_it(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    decided = child(made, {"x": b"1"})
    made.push("origin", decided, "main")
    assert git(remote, "rev-parse", "main") == decided
    assert another_clone(tmp_path, remote).fetch("origin", "main") == decided


def test_the_second_of_two_pushes_raises_raced_and_overwrites_nothing(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    other = another_clone(tmp_path, remote)
    first = child(other, {"x": b"1"})
    other.push("origin", first, "main")
    late = child(made, {"x": b"2"})
    with pytest.raises(Raced, match="another push changed main first"):
        made.push("origin", late, "main")
    made.fetch("origin", "main")
    with pytest.raises(Raced):
        made.push("origin", late, "main")
    assert git(remote, "rev-parse", "main") == first


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_hook_that_declines_is_an_error_and_not_a_race(tmp_path: Path, hook: str) -> None:
    made, remote = with_remote(tmp_path)
    script = remote / "hooks" / hook
    script.parent.mkdir(exist_ok=True)
    script.write_text("#!/bin/sh\necho '[rejected] cannot lock ref: not on fridays' >&2\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(LockstepError, match="not on fridays") as error:
        made.push("origin", child(made, {"x": b""}), "main")
    assert not isinstance(error.value, Raced)
    assert "may push" in error.value.fix


def test_a_remote_that_is_gone_is_an_error_and_a_missing_branch_is_none(tmp_path: Path) -> None:
    made, _ = with_remote(tmp_path)
    assert made.fetch("origin", "no-such-branch") is None
    git(made.root, "remote", "set-url", "origin", str(tmp_path / "gone"))
    with pytest.raises(LockstepError, match="git fetch from origin failed"):
        made.fetch("origin", "main")
    with pytest.raises(LockstepError, match="git push to origin was refused"):
        made.push("origin", child(made, {"x": b""}), "main")
    assert not made.fetch_commit("origin", "a" * 40)


def test_a_commit_is_fetched_into_a_shallow_clone(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    first = git(made.root, "rev-parse", "HEAD")
    git(made.root, "push", "--quiet", "origin", f"{commit(made.root, {'x': b''})}:main")
    git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--depth=1", remote.as_uri(), "shallow")
    shallow = Git(tmp_path / "shallow")
    assert shallow.is_shallow() and not shallow.has_objects(first)
    assert shallow.fetch_commit("origin", first)
    assert shallow.has_objects(first)
    whole = another_clone(tmp_path, remote)
    git(made.root, "push", "--quiet", "origin", f"{commit(made.root, {'y': b''})}:main")
    assert whole.fetch_commit("origin", git(made.root, "rev-parse", "HEAD"))
    assert not whole.is_shallow() and whole.has_objects(first)


def test_a_fast_forward_brings_the_files_and_refuses_other_lines_of_history(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    decided = child(made, {"x": b"1", "clusters/a.yaml": None})
    made.fast_forward(decided)
    assert (tmp_path / "x").read_bytes() == b"1" and not (tmp_path / "clusters").exists()
    assert made.changes() == []
    aside = child(made, {"y": b""}, "HEAD^")
    with pytest.raises(Raced, match="could not be moved forward"):
        made.fast_forward(aside)
    assert made.resolve("HEAD") == decided
    assert made.is_ancestor("HEAD^", decided) and not made.is_ancestor(aside, decided)
