"""Files of a work tree: nothing outside of it is read or written, nothing is half-written."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.edges.files import existing, read_tree, write_all, write_changes, write_file
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.fleet import NoFile


def test_a_tree_is_every_file_below_the_folders_byte_for_byte(tmp_path: Path) -> None:
    files = {"a/x": b"\x00\r\n", "a/b/c/d": b"", "a/.hidden": b"1", "a/ü ñ": b"2", "z/x": b"3"}
    latin = os.fsdecode(b"a/\xff")
    write_changes(tmp_path, {**files, latin: b"4"})
    assert read_tree(tmp_path, ["a"]) == {latin: b"4"} | {
        path: data for path, data in files.items() if path.startswith("a/")
    }
    assert read_tree(tmp_path, ["missing", "z"]) == {"z/x": b"3"}
    assert read_tree(tmp_path, ()) == {}


@pytest.mark.parametrize("link", ["a", "a/link", "a/b/link"])
@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "nowhere", "."])
def test_a_symbolic_link_is_refused_wherever_it_leads(
    tmp_path: Path, link: str, target: str
) -> None:
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(target)
    with pytest.raises(Invalid, match="symbolic link") as error:
        read_tree(tmp_path, ["a"])
    assert error.value.where == link


def test_links_and_huge_files_are_refused_or_collected_and_never_read(tmp_path: Path) -> None:
    write_changes(tmp_path, {"a/plain": b"x" * 200_000, "b/x": b""})
    (tmp_path / "a" / "link").symlink_to("/etc/passwd")
    with (tmp_path / "a" / "huge").open("wb") as file:
        file.truncate(10**12)
    tree = read_tree(tmp_path, ["a", "b"], collect=["a"])
    assert {p for p, data in tree.items() if isinstance(data, NoFile)} == {"a/link", "a/huge"}
    assert tree["a/plain"] == b"x" * 200_000
    (tmp_path / "a" / "link").unlink()
    with pytest.raises(Invalid, match="more than 16777216 bytes") as error:
        read_tree(tmp_path, ["a", "b"], collect=["b"])
    assert error.value.where == "a/huge" and "at most 16 MiB" in error.value.fix


def test_a_pipe_is_left_out_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "pipe")
    assert read_tree(tmp_path, ["a"]) == {}


def test_a_file_may_be_named_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    assert read_tree(tmp_path, ["a", "b"]) == {"a": b"1"}


READ_AS_NOBODY = """
import os
from pathlib import Path
from lockstep.edges.files import read_tree
from lockstep.model.errors import LockstepError
if os.getuid() == 0:
    os.setuid(65534)
try:
    read_tree(Path(), ["a"])
except LockstepError as error:
    print(error.where, error.message)
"""


def test_what_may_not_be_read_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    write_changes(tmp_path, {"a/b/x": b"1"})
    (tmp_path / "a" / "b").chmod(0)
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", READ_AS_NOBODY], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    (tmp_path / "a" / "b").chmod(0o755)
    assert done.stdout == "a/b cannot read it: Permission denied\n", done.stderr


def test_folders_nested_deeper_than_pythons_stack_are_read_or_refused(tmp_path: Path) -> None:
    opened = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", dir_fd=opened)
        inner = os.open("a", os.O_RDONLY, dir_fd=opened)
        os.close(opened)
        opened = inner
    handle = os.open("x", os.O_WRONLY | os.O_CREAT, dir_fd=opened)
    os.close(handle)
    os.close(opened)
    assert read_tree(tmp_path, ["a"]) == {"a/" * 1500 + "x": b""}
    subprocess.run(["rm", "-rf", str(tmp_path / "a")], check=True)  # pytest's own would recurse


def test_changes_are_written_and_deleted_and_empty_folders_go(tmp_path: Path) -> None:
    write_changes(tmp_path, {"a/b/c": b"1", "a/d": b"1", "e": b"1"})
    write_changes(tmp_path, {"a/b/c": None, "e": b"2", "n/e/w": b"3", "never/was": None})
    assert read_tree(tmp_path, ["a", "n"]) == {"a/d": b"1", "n/e/w": b"3"}
    assert (tmp_path / "e").read_bytes() == b"2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "e", "n"]
    write_changes(tmp_path, {"a/d": None, "n/e/w": None, "e": None})
    assert tmp_path.is_dir() and not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "path", ["/etc/x", "../x", "a/../../x", "a//x", "./x", "a/.", "", "a/", "a/x\0y", ".."]
)
@pytest.mark.parametrize("data", [b"x", None])
def test_a_path_that_leaves_the_repository_is_refused(
    tmp_path: Path, path: str, data: bytes | None
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x").write_bytes(b"outside")
    with pytest.raises(LockstepError, match="would leave the repository"):
        write_changes(root, {path: data})
    assert (tmp_path / "x").read_bytes() == b"outside" and not any(root.iterdir())


def test_nothing_is_written_or_deleted_through_a_linked_folder(tmp_path: Path) -> None:
    (tmp_path / "outside" / "b").mkdir(parents=True)
    (tmp_path / "outside" / "b" / "x").write_bytes(b"1")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a").symlink_to(tmp_path / "outside")
    for data in (b"2", None):
        with pytest.raises(Invalid, match="symbolic link"):
            write_changes(tmp_path / "root", {"a/b/x": data})
    assert (tmp_path / "outside" / "b" / "x").read_bytes() == b"1"


def test_a_link_in_place_of_a_file_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"1")
    (tmp_path / "link").symlink_to("target")
    write_changes(tmp_path, {"link": b"2"})
    assert (tmp_path / "target").read_bytes() == b"1"
    assert (tmp_path / "link").read_bytes() == b"2" and not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("path", ["a/b", "a/b/c/d"])
def test_a_failed_write_is_an_error_and_leaves_nothing_behind(tmp_path: Path, path: str) -> None:
    write_changes(tmp_path, {"a/b/c": b"1"})
    with pytest.raises(LockstepError, match="cannot write it") as error:
        write_changes(tmp_path, {path: b"x"})
    assert error.value.where == path
    assert read_tree(tmp_path, ["a"]) == {"a/b/c": b"1"}


def test_a_reader_of_the_old_file_keeps_all_of_it_while_the_new_one_is_written(
    tmp_path: Path,
) -> None:
    target = tmp_path / "x"
    write_file(target, b"old")
    with target.open("rb") as reader:
        write_file(target, b"new and longer")
        assert reader.read() == b"old"
    assert target.read_bytes() == b"new and longer"
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_several_files_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    (tmp_path / "c").write_text("not a folder")
    with pytest.raises(LockstepError):
        write_all(tmp_path, {"a": b"after", "b/new": b"new", "c/d": b"cannot be written"})
    assert (tmp_path / "a").read_text() == "before" and not (tmp_path / "b").exists()
    write_all(tmp_path, {"a": b"after", "b/new": b"new"})
    assert (tmp_path / "a").read_text() == "after" and (tmp_path / "b/new").read_text() == "new"


def test_a_broken_link_counts_as_something_that_exists(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    assert existing(tmp_path, ["link", "none", "."]) == [".", "link"]
