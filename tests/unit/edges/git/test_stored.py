"""What git would store: of the work tree and of the index, beside a repository that stays."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockstep.edges import scratch
from lockstep.edges.files import LARGEST, LINK, TOO_LARGE
from lockstep.edges.git import Git
from lockstep.edges.process import Completed
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.fleet import Tree
from tests.unit.edges.repositories import commit, git, new_repository

FILES = {"clusters/a": b"1\n", "clusters/b/c": b"2\n", "src/x": b"3\n"}
PATHS = ("clusters", "rendered", "lockstep.yaml")


@pytest.fixture
def made(tmp_path: Path) -> Git:
    return new_repository(tmp_path / "repository", FILES)


def stored(made: Git, *, staged: bool = False) -> Tree:
    """All files of the tree that git would store."""
    with made.storing() as storing:
        tree = storing.index_tree_id() if staged else storing.work_tree_id(PATHS)
        return storing.read_tree(tree, [], links=True)


def everything(folder: Path) -> dict[str, bytes]:
    """All files of git's own folder."""
    files = (path for path in (folder / ".git").rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


def test_edits_new_files_and_removals_are_stored_beside_the_repository(made: Git) -> None:
    (made.root / "clusters/a").write_bytes(b"edited\n")
    (made.root / "clusters/b/c").unlink()
    (made.root / "rendered").mkdir()
    (made.root / "rendered/new ü\n").write_bytes(b"4\n")
    (made.root / "src/x").write_bytes(b"not one of the paths")
    before = everything(made.root)
    assert stored(made) == {"clusters/a": b"edited\n", "rendered/new ü\n": b"4\n", "src/x": b"3\n"}
    assert stored(made, staged=True) == FILES
    assert everything(made.root) == before
    git(made.root, "fsck", "--strict")


def test_without_a_change_it_is_the_tree_of_head(made: Git) -> None:
    head = git(made.root, "rev-parse", "HEAD^{tree}")
    with made.storing() as storing, storing.storing() as again:
        for each in (storing, again):
            assert each.work_tree_id(PATHS) == each.index_tree_id() == head


def test_what_is_staged_is_apart_from_the_work_tree(made: Git) -> None:
    (made.root / "clusters/a").write_bytes(b"staged\n")
    git(made.root, "add", "clusters/a")
    (made.root / "clusters/a").write_bytes(b"edited later\n")
    (made.root / "clusters/untracked").write_bytes(b"")
    (made.root / "clusters/intended").write_bytes(b"")
    git(made.root, "add", "--intent-to-add", "clusters/intended")
    assert stored(made, staged=True) == FILES | {"clusters/a": b"staged\n"}
    assert stored(made) == FILES | {
        "clusters/a": b"edited later\n", "clusters/untracked": b"", "clusters/intended": b"",
    }  # fmt: skip


def test_a_file_of_the_same_size_and_time_as_the_staged_one_is_read(made: Git) -> None:
    git(made.root, "config", "core.trustCtime", "false")
    file, index = made.root / "clusters/a", made.root / ".git/index"
    for data in (b"4\n", b"5\n"):
        file.write_bytes(data)
        os.utime(file, (1_000, 1_000))
        if data == b"4\n":
            git(made.root, "add", "--all")
            os.utime(index, (1_000, 1_000))
    assert stored(made)["clusters/a"] == b"5\n"


def test_a_repository_without_a_commit_or_an_index_has_a_tree(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    made = Git(tmp_path)
    assert stored(made) == {} and stored(made, staged=True) == {}
    (tmp_path / "lockstep.yaml").write_bytes(b"x")
    assert stored(made) == {"lockstep.yaml": b"x"}


def test_git_converts_what_is_stored(made: Git) -> None:
    (made.root / ".gitattributes").write_bytes(b"* text=auto\n")
    (made.root / "clusters/.gitattributes").write_bytes(b"a working-tree-encoding=UTF-16\n")
    (made.root / "clusters/a").write_bytes("ä\n".encode("utf-16"))
    (made.root / "clusters/crlf").write_bytes(b"1\r\n2\r\n")
    # It would have git refuse to convert line endings.
    git(made.root, "config", "core.safecrlf", "true")
    tree = stored(made)
    assert (tree["clusters/a"], tree["clusters/crlf"]) == ("ä\n".encode(), b"1\n2\n")
    assert tree[".gitattributes"] == b"* text=auto\n"


def test_a_file_that_git_cannot_convert_is_an_error(made: Git) -> None:
    (made.root / ".gitattributes").write_bytes(b"a working-tree-encoding=UTF-16\n")
    (made.root / "clusters/a").write_bytes(b"no byte order mark\n")
    with pytest.raises(LockstepError, match="BOM is required"):
        stored(made)


def test_a_fleet_in_a_folder_has_the_attributes_above_it(tmp_path: Path) -> None:
    new_repository(tmp_path, {"ml/fleet/lockstep.yaml": b"", "other": b""})
    made = Git.find(tmp_path / "ml" / "fleet")
    new = [".gitattributes", "ml/.gitattributes", "ml/fleet/.gitattributes", "ml/fleet/clusters/a"]
    for path in new:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"1\n")
    (tmp_path / "ml/other").write_bytes(b"")
    with made.storing() as storing:
        tree = storing.work_tree_id(PATHS)
        listed = storing._at_top().file_ids(tree, [])
        assert set(storing.file_ids(tree, ["clusters"])) == {"clusters/a"}
    assert set(listed) == {*new, "ml/fleet/lockstep.yaml", "other"}


def test_conflicts_of_the_index_are_an_error_that_names_the_files(made: Git) -> None:
    git(made.root, "switch", "--quiet", "--create", "other")
    commit(made.root, {"clusters/a": b"one\n", "src/x": b"one\n"})
    git(made.root, "switch", "--quiet", "main")
    commit(made.root, {"clusters/a": b"two\n", "src/x": b"two\n"})
    made._run("merge", "other")
    for staged in (False, True):
        with pytest.raises(LockstepError, match="conflicts in clusters/a, src/x") as error:
            stored(made, staged=staged)
        assert error.value.exit_code == 1 and "git add" in error.value.fix


def test_links_are_stored_as_links_whatever_was_there(made: Git) -> None:
    (made.root / "clusters/link").symlink_to("/etc/passwd")
    shutil.move(made.root / "clusters/b", made.root / "elsewhere")
    (made.root / "elsewhere/c").write_bytes(b"edited")
    (made.root / "clusters/b").symlink_to("../elsewhere")
    tree = stored(made)
    assert tree["clusters/link"] is LINK and tree["clusters/b"] is LINK
    assert "clusters/b/c" not in tree


def test_folders_and_files_take_each_others_place(made: Git) -> None:
    shutil.rmtree(made.root / "clusters/b")
    (made.root / "clusters/b").write_bytes(b"file")
    (made.root / "clusters/a").unlink()
    (made.root / "clusters/a").mkdir()
    (made.root / "clusters/a/x").write_bytes(b"inside")
    assert stored(made) == {"clusters/a/x": b"inside", "clusters/b": b"file", "src/x": b"3\n"}


def test_a_huge_file_is_not_stored_and_not_read(made: Git) -> None:
    for name in ("clusters/a", "clusters/new"):
        with (made.root / name).open("wb") as file:
            file.truncate(LARGEST * 100_000)
    tree = stored(made)
    assert tree["clusters/a"] is TOO_LARGE and tree["clusters/new"] is TOO_LARGE


def test_a_pipe_is_no_file(made: Git) -> None:
    (made.root / "clusters/a").unlink()
    os.mkfifo(made.root / "clusters/a")
    os.mkfifo(made.root / "clusters/new")
    assert set(stored(made)) == {"clusters/b/c", "src/x"}


def test_a_repository_in_the_repository_is_refused(made: Git) -> None:
    nested = made.root / "clusters" / "nested"
    new_repository(nested)
    with pytest.raises(Invalid, match="git repository of its own") as error:
        stored(made)
    assert error.value.where == "clusters/nested/"
    (made.root / ".gitignore").write_bytes(b"nested\n")
    with made.storing() as storing:
        assert storing.stored_work_tree(PATHS).ignored == ("clusters/nested",)


def test_ignored_files_are_left_out_and_named(tmp_path: Path) -> None:
    new_repository(tmp_path, {"fleet/lockstep.yaml": b"", "fleet/.gitignore": b"*.tmp\nrendered\n"})
    made = Git.find(tmp_path / "fleet")
    for path in ("clusters/a.tmp", "clusters/b", "rendered/x/y"):
        (made.root / path).parent.mkdir(parents=True, exist_ok=True)
        (made.root / path).write_bytes(b"")
    with made.storing() as storing:
        tree, ignored = storing.stored_work_tree(PATHS)
        assert set(storing.file_ids(tree, [])) == {"clusters/b", "lockstep.yaml", ".gitignore"}
    assert ignored == ("clusters/a.tmp", "rendered/x/y")


def test_temporary_files_of_other_runs_are_left_out(made: Git) -> None:
    target = made.root / "clusters/new"
    with scratch.file_in_place_of(target) as file, made.storing() as storing:
        file.write(b"half of")
        assert storing.stored_work_tree(PATHS) == (git(made.root, "rev-parse", "HEAD^{tree}"), ())


def test_what_a_sparse_checkout_leaves_out_is_still_stored(made: Git) -> None:
    commit(made.root, {"rendered/deep/er/x": b"1\n"})
    head = git(made.root, "rev-parse", "HEAD^{tree}")
    for options in (["--cone"], ["--cone", "--sparse-index"], ["--no-cone"]):
        git(made.root, "sparse-checkout", "set", *options, "clusters")
        assert not (made.root / "rendered").exists()
        with made.storing() as storing:
            assert storing.work_tree_id(PATHS) == storing.index_tree_id() == head
            (made.root / "rendered").mkdir()
            (made.root / "rendered/new").write_bytes(b"2\n")
            tree = storing.read_tree(storing.work_tree_id(PATHS), ["rendered"])
            assert tree == {"rendered/deep/er/x": b"1\n", "rendered/new": b"2\n"}
        shutil.rmtree(made.root / "rendered")
        git(made.root, "sparse-checkout", "disable")


def test_a_split_index_and_a_linked_work_tree_are_read(made: Git, tmp_path: Path) -> None:
    git(made.root, "config", "core.splitIndex", "true")
    git(made.root, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = Git.find(tmp_path / "linked")
    for each in (made, linked):
        (each.root / "clusters/new").write_bytes(each.root.name.encode())
        git(each.root, "add", "--all")
        (each.root / "clusters/a").unlink()
        before = everything(made.root)
        tree = {**FILES, "clusters/new": each.root.name.encode()}
        assert stored(each, staged=True) == tree
        del tree["clusters/a"]
        more = {f"clusters/{n}": b"%d" % n for n in range(20)}
        for path, data in more.items():
            (each.root / path).write_bytes(data)
        assert stored(each) == tree | more
        assert everything(made.root) == before


def test_alternates_and_odd_folders_hold_objects_too(made: Git, tmp_path: Path) -> None:
    odd = tmp_path / 'a:b "c" \\ d'
    git(tmp_path, "clone", "--quiet", "--shared", str(made.root), str(odd))
    assert stored(Git(odd)) == FILES
    git(tmp_path, "clone", "--quiet", "--shared", str(odd), str(tmp_path / "third"))
    (odd / "clusters/a").write_bytes(b"edited\n")
    assert stored(Git(odd))["clusters/a"] == b"edited\n"
    assert stored(Git(tmp_path / "third")) == FILES


def test_the_index_that_git_gives_a_hook_counts(
    made: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_repository(tmp_path / "other", FILES)
    given = made.root / ".git/next-index-1.lock"
    shutil.copy2(made.root / ".git/index", given)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("GIT_INDEX_FILE", str(given))
    (made.root / "clusters/a").write_bytes(b"partial\n")
    git(made.root, "add", "clusters/a")
    assert stored(made, staged=True)["clusters/a"] == b"partial\n"
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index-1.lock")
    assert stored(made, staged=True)["clusters/a"] == b"partial\n"
    assert stored(other, staged=True) == FILES, "the variable is about another repository"
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    assert stored(made, staged=True) == FILES


def test_a_read_only_repository_is_read(made: Git) -> None:
    (made.root / "clusters/a").write_bytes(b"edited\n")
    for folder, _, _ in os.walk(made.root / ".git"):
        os.chmod(folder, 0o555)
    try:
        assert stored(made)["clusters/a"] == b"edited\n"
    finally:
        for folder, _, _ in os.walk(made.root / ".git"):
            os.chmod(folder, 0o755)


def test_a_folder_that_may_not_be_read_is_an_error(
    made: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With git's own warning, because root may read everything."""
    run = Git._run

    def warned(git: Git, *arguments: str, **options: Any) -> Completed:
        done = run(git, *arguments, **options)
        warning = b"warning: could not open directory 'clusters/b/': Permission denied\n"
        return replace(done, stderr=warning) if arguments[0] == "ls-files" else done

    monkeypatch.setattr(Git, "_run", warned)
    with pytest.raises(LockstepError, match="Permission denied"):
        stored(made)
