"""Remotes on real repositories: addresses, tips, races, refusals, mirrors."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockstep.edges.git import Git, PushRefused, Raced, Remote
from lockstep.model.errors import LockstepError
from tests.unit.edges.repositories import (
    another_clone,
    child,
    commit,
    git,
    new_repository,
    with_remote,
)


def only(made: Git) -> Remote:
    (remote,) = made.remotes()
    return remote


def tip(made: Git, branch: str = "main") -> str | None:
    return made.tips(only(made), [branch]).commits.get(branch)


def test_a_remote_has_the_addresses_of_the_configuration_and_of_insteadof(tmp_path: Path) -> None:
    made = new_repository(tmp_path)
    assert made.remotes() == []
    git(tmp_path, "remote", "add", "origin", "forge:ml/fleet")
    git(tmp_path, "config", "url.https://git.example.com/.insteadOf", "forge:")
    git(tmp_path, "remote", "add", "mine", "/srv/mine.git")
    git(tmp_path, "remote", "set-url", "--push", "mine", "https://me:secret@example.com/x.git")
    mine, origin = Git(tmp_path).remotes()
    assert set(origin.fetches) == {"https://git.example.com/ml/fleet", "forge:ml/fleet"}
    assert mine.fetches == ("/srv/mine.git",)
    assert mine.pushes == ("https://me:secret@example.com/x.git",)


def test_a_remote_says_its_default_branch_and_the_tips_of_branches(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    head = made.resolve("HEAD") or ""
    git(made.root, "push", "--quiet", "origin", "HEAD:refs/heads/a/main", "HEAD:refs/heads/b")
    tips = made.tips(only(made), ["b", "nothing"])
    assert (tips.default, tips.commits) == ("main", {"main": head, "b": head})
    git(remote, "symbolic-ref", "HEAD", "refs/heads/unborn")
    assert made.tips(only(made), ["main"]).default is None


def test_a_push_publishes_and_a_fetch_sees_it(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    other = another_clone(tmp_path, remote)
    decided = child(made, {"x": b"1"})
    made.push(only(made), decided, "main", made.resolve("HEAD"))
    assert git(remote, "rev-parse", "main") == decided == made.resolve("origin/main")
    assert tip(other) == decided and not other.has_objects(decided)
    locked: list[str] = []
    other.before_lock = locked.append
    other.fetch(only(other), "main", decided)
    assert other.has_objects(decided) and other.resolve("origin/main") == decided
    assert locked == ["refs/remotes/origin/main"], "a kill may leave its lock"
    assert not (other.root / ".git" / "FETCH_HEAD").exists()


def test_what_is_known_already_is_not_fetched_again(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    remote.rename(tmp_path / "gone")
    made.fetch(only(made), "main", made.resolve("HEAD") or "")


def test_a_commit_without_a_reference_is_fetched_because_its_files_may_be_missing(
    tmp_path: Path,
) -> None:
    made, remote = with_remote(tmp_path)
    other = another_clone(tmp_path, remote)
    decided = child(made, {"x": b"new"})
    made.push(only(made), decided, "main", made.resolve("HEAD"))
    raw = git(made.root, "cat-file", "commit", decided)
    (tmp_path / "raw").write_text(raw)
    assert git(other.root, "hash-object", "-t", "commit", "-w", str(tmp_path / "raw")) == decided
    other.fetch(only(other), "main", decided)
    assert other.read_tree(decided, ["x"]) == {"x": b"new"}


def test_the_second_of_two_pushes_raises_raced_and_overwrites_nothing(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    other = another_clone(tmp_path, remote)
    before = made.resolve("HEAD")
    first = child(other, {"x": b"1"})
    other.push(only(other), first, "main", before)
    late = child(made, {"x": b"2"})
    with pytest.raises(Raced, match="another push changed main first"):
        made.push(only(made), late, "main", before)
    with pytest.raises(Raced):
        made.push(only(made), late, "main", None)
    assert git(remote, "rev-parse", "main") == first


def test_a_branch_that_was_rewound_is_a_race_and_does_not_come_back(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    first = made.resolve("HEAD")
    second = commit(made.root, {"x": b""})
    git(made.root, "push", "--quiet", "origin", "main")
    git(remote, "update-ref", "refs/heads/main", first or "")
    with pytest.raises(Raced):
        made.push(only(made), child(made, {"y": b""}), "main", second)
    assert git(remote, "rev-parse", "main") == first


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
@pytest.mark.parametrize("says", ["[rejected] cannot lock ref: not on fridays", ""])
def test_a_refusal_is_no_race_whatever_is_said(tmp_path: Path, hook: str, says: str) -> None:
    made, remote = with_remote(tmp_path)
    script = remote / "hooks" / hook
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(PushRefused, match="was refused") as error:
        made.push(only(made), child(made, {"x": b""}), "main", made.resolve("HEAD"))
    assert says in error.value.message and "may push" in error.value.fix


def test_a_push_whose_answer_was_lost_has_arrived(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    before, decided = made.resolve("HEAD"), child(made, {"x": b""})
    # As if the connection had ended between the push and its answer.
    git(made.root, "push", "--quiet", "origin", f"{decided}:main")
    made.push(only(made), decided, "main", before)
    assert git(remote, "rev-parse", "main") == decided


def test_a_remote_that_is_gone_is_an_error_without_its_password(tmp_path: Path) -> None:
    made, _ = with_remote(tmp_path)
    git(made.root, "remote", "set-url", "origin", f"file://me:secret@{tmp_path}/gone")
    made = Git(made.root)
    with pytest.raises(LockstepError, match="git ls-remote from origin failed") as first:
        tip(made)
    with pytest.raises(LockstepError, match="git push of main to origin was refused") as second:
        made.push(only(made), child(made, {"x": b""}), "main", made.resolve("HEAD"))
    assert "secret" not in first.value.message + second.value.message
    assert not made.fetch_commit(only(made), "a" * 40)


def test_a_mirror_clone_can_push_one_branch(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    git(tmp_path, "clone", "--quiet", "--mirror", str(remote), "mirror.git")
    mirror = Git(tmp_path / "mirror.git")
    git(mirror.root, "config", "user.name", "M")
    git(mirror.root, "config", "user.email", "m@example.com")
    before = mirror.resolve("main")
    decided = child(mirror, {"x": b""}, "main")
    mirror.push(only(mirror), decided, "main", before)
    assert git(remote, "rev-parse", "main") == decided
    # The mirror's own branch follows by its next fetch, and not by a push.
    assert mirror.resolve("main") == before
    assert made.resolve("HEAD") == before


def test_a_push_goes_where_pushes_go(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    git(tmp_path, "clone", "--quiet", "--bare", str(remote), "fork.git")
    git(made.root, "remote", "set-url", "--push", "origin", str(tmp_path / "fork.git"))
    made = Git(made.root)
    decided = child(made, {"x": b""})
    made.push(only(made), decided, "main", made.resolve("HEAD"))
    assert git(tmp_path / "fork.git", "rev-parse", "main") == decided
    assert git(remote, "rev-parse", "main") == made.resolve("HEAD")


def test_a_commit_is_fetched_into_a_shallow_clone(tmp_path: Path) -> None:
    made, remote = with_remote(tmp_path)
    first = git(made.root, "rev-parse", "HEAD")
    git(made.root, "push", "--quiet", "origin", f"{commit(made.root, {'x': b''})}:main")
    git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--depth=1", remote.as_uri(), "shallow")
    shallow = Git(tmp_path / "shallow")
    assert shallow.is_shallow() and not shallow.has_objects(first)
    locked: list[str] = []
    shallow.before_lock = locked.append
    assert shallow.fetch_commit(only(shallow), first)
    assert locked == ["shallow"], "a kill may leave its lock"
    assert shallow.has_objects(first)
    whole = another_clone(tmp_path, remote)
    git(made.root, "push", "--quiet", "origin", f"{commit(made.root, {'y': b''})}:main")
    assert whole.fetch_commit(only(whole), git(made.root, "rev-parse", "HEAD"))
    assert not whole.is_shallow() and whole.has_objects(first)


def test_when_a_branch_was_last_fetched_is_what_git_left_of_it(tmp_path: Path) -> None:
    made, _ = with_remote(tmp_path)
    origin, head = only(made), made.root / ".git" / "FETCH_HEAD"
    git(made.root, "update-ref", "-d", "refs/remotes/origin/main")
    assert made.last_fetched(origin, "main") is None
    git(made.root, "fetch", "--quiet")
    hour = datetime(2030, 1, 1, 8, tzinfo=UTC)
    os.utime(head, (hour.timestamp(), hour.timestamp()))
    assert made.last_fetched(origin, "main") == hour
    # Of another branch or remote it says nothing: then the reflog remains.
    for text in (
        head.read_text().replace("'main'", "'other'"),
        "x\t\tbranch 'main' of elsewhere\n",
    ):
        head.write_text(text)
        os.utime(head, (hour.timestamp(), hour.timestamp()))
        moved = made.last_fetched(origin, "main")
        assert moved is not None and moved != hour


def test_commits_between_are_counted_where_both_are_known(tmp_path: Path) -> None:
    made = new_repository(tmp_path, {"a": b"1"})
    commit(tmp_path, {"a": b"2"})
    assert made.commits_between("HEAD^", "HEAD") == 1
    assert made.commits_between("HEAD", "HEAD") == 0
    assert made.commits_between("HEAD", "0" * 40) is None


def test_all_gits_of_a_bounded_verb_end_in_time_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = with_remote(tmp_path)
    slow = tmp_path / "ssh"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    git(made.root, "remote", "set-url", "origin", "ssh://git@host.example.com/x.git")
    monkeypatch.setenv("GIT_SSH", str(slow))
    bounded = Git(made.root).within(0.5)
    for _ in range(2):
        with pytest.raises(LockstepError, match="did not end within"):
            bounded.tips(only(made), ["main"])
