"""Temporary files: gone after each run, after a killed one with the next, and no one else's."""

import errno
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from lockstep.edges import clock, scratch
from lockstep.edges.files import write_file
from lockstep.model.errors import LockstepError

KILLED = """
import os, signal, sys
from pathlib import Path
from lockstep.edges import clock, scratch
(scratch.make_folder() / "inside").write_text("x")
with scratch.file_in_place_of(Path(sys.argv[1], "target")) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, which this process has not swept yet."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    scratch._sweep_once.cache_clear()
    return folder


def kill_one(tree: Path) -> None:
    """Have a process killed while it has a temporary folder, and writes a file of ``tree``."""
    tree.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tree)], check=False)
    assert done.returncode == -9


def age(path: Path) -> None:
    """Make a file or folder two days old."""
    then = (clock.now() - timedelta(days=2)).timestamp()
    os.utime(path, (then, then))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_private_and_goes_with_its_block(temporary: Path) -> None:
    with scratch.folder() as made:
        assert made.parent == temporary and made.stat().st_mode & 0o777 == 0o700
        (made / "a").mkdir()
    assert names(temporary) == []
    with pytest.raises(ZeroDivisionError), scratch.folder() as made:
        (made / str(1 / 0)).mkdir()
    assert names(temporary) == []


def test_a_folder_that_is_kept_goes_with_the_process(temporary: Path) -> None:
    code = "from lockstep.edges import scratch; (scratch.make_folder() / 'x').write_text('')"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert names(temporary) == []


def test_a_file_takes_its_place_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    write_file(target, b"old")
    with pytest.raises(ZeroDivisionError), scratch.file_in_place_of(target) as file:
        file.write(b"half" * int(1 / 0))
    assert target.read_bytes() == b"old" and names(target.parent) == ["b"]
    write_file(target, b"new")
    assert target.read_bytes() == b"new" and names(target.parent) == ["b"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_what_a_killed_process_left_goes_with_the_next_use(temporary: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    kill_one(tree)
    assert len(names(temporary)) == 1 and len(names(tree)) == 1
    with scratch.folder() as made:
        assert names(temporary) == [made.name]
    write_file(tree / "other", b"")
    assert names(tree) == ["other"]


def test_what_was_left_in_a_folder_of_the_callers_choice_is_found_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    dead = left_by(scratch._host(), 9999999999, "1")
    (place / dead).mkdir()
    (place / "other").mkdir()
    with scratch.folder(place) as made:
        assert names(place) == sorted([dead, made.name, "other"])
        assert scratch.abandoned(place) == [place / dead]
    scratch.remove_folder(place / dead)
    assert names(place) == ["other"]


@pytest.mark.parametrize("another", [False, True])
def test_a_file_is_moved_with_its_mode_from_another_file_system_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, another: bool
) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"new")
    made.chmod(0o755)
    rename = os.replace

    def refuse(source: Path, target: Path) -> None:
        if another and source == made:
            raise OSError(errno.EXDEV, "another file system")
        rename(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    target = tmp_path / "a" / "target"
    scratch.move(made, target)
    assert target.read_bytes() == b"new" and target.stat().st_mode & 0o777 == 0o755
    assert names(target.parent) == ["target"]
    monkeypatch.setattr(os, "replace", throw_permission_error)
    with pytest.raises(PermissionError):
        scratch.move(target, tmp_path / "b")


def throw_permission_error(*_: object) -> None:
    raise PermissionError


def test_a_work_tree_is_swept_in_the_folders_that_verbs_write(tmp_path: Path) -> None:
    for folder in ("clusters/prod/a/locks", "rendered", "ledger/prod", "docs", "mine"):
        kill_one(tmp_path / folder)
    (tmp_path / "clusters" / "link").symlink_to(tmp_path / "mine")
    scratch.sweep_work_tree(tmp_path)
    left = [path.parent.name for path in tmp_path.rglob(".lockstep-*")]
    assert left == ["mine"]
    scratch.sweep_work_tree(tmp_path / "nowhere")


def test_what_a_living_process_has_is_never_touched(temporary: Path, tmp_path: Path) -> None:
    made = scratch.make_folder()
    age(made)
    with scratch.file_in_place_of(tmp_path / "target") as file:
        file.write(b"x")
        file.flush()
        scratch._sweep_once.cache_clear()
        with scratch.folder():
            pass
        scratch._sweep(str(tmp_path), scratch._FILE)
        assert made.is_dir()
    assert (tmp_path / "target").read_bytes() == b"x"
    scratch.remove_folder(made)
    scratch.remove_folder(made)
    assert names(temporary) == []


def left_by(host: str, pid: int, start: str, prefix: str = "lockstep-") -> str:
    return f"{prefix}{host}-{pid}-{start}-{'0' * 16}"


def test_a_process_id_that_is_used_again_does_not_keep_what_was_left(temporary: Path) -> None:
    host, pid, start = scratch._host(), os.getpid(), scratch._start_of(os.getpid())
    (temporary / left_by(host, pid, str(int(start) + 1))).mkdir()
    (temporary / left_by(host, pid, start)).mkdir()
    (temporary / left_by(host, 9999999999, start)).mkdir()
    (temporary / left_by(host, pid, "0")).mkdir()  # made where the system shows no start time
    with scratch.folder() as made:
        kept = {left_by(host, pid, start), left_by(host, pid, "0"), made.name}
        assert set(names(temporary)) == kept


def test_a_zombie_keeps_nothing(temporary: Path, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it stays as a zombie
        assert len(names(temporary)) == 1
        with scratch.folder() as made:
            assert names(temporary) == [made.name]


@pytest.mark.parametrize(
    ("name", "mode", "goes"),
    [
        (left_by("00000000", 1, "1"), 0o700, True),
        ("lockstep-opa-abcd_1x9", 0o700, True),
        ("lockstep-opa-abcd_1x9", 0o755, False),
        ("lockstep-opa-policies", 0o700, False),
        ("lockstep-manifest1", 0o700, False),
        ("lockstep", 0o700, False),
    ],
)
def test_what_others_left_goes_when_it_is_a_day_old(
    temporary: Path, name: str, mode: int, goes: bool
) -> None:
    place = temporary / name
    place.mkdir()
    place.chmod(mode)
    with scratch.folder():
        assert place.exists()
    age(place)
    scratch._sweep_once.cache_clear()
    with scratch.folder():
        assert place.exists() is not goes


def test_links_and_other_kinds_of_files_are_not_followed_or_removed(
    temporary: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("x")
    dead = left_by(scratch._host(), 9999999999, "1")
    (temporary / dead).symlink_to(victim)
    (temporary / left_by(scratch._host(), 9999999998, "1")).mkdir()
    (temporary / left_by(scratch._host(), 9999999998, "1") / "link").symlink_to(victim)
    (temporary / left_by(scratch._host(), 9999999997, "1")).write_text("a file, not a folder")
    (tmp_path / "clusters").symlink_to(victim)
    (victim / f".{dead}").write_text("x")
    with scratch.folder() as made:
        pass
    scratch.sweep_work_tree(tmp_path)
    assert made.name not in names(temporary) and len(names(temporary)) == 2
    assert names(victim) == [f".{dead}", "precious"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_what_belongs_to_another_user_stays(temporary: Path) -> None:
    theirs = temporary / left_by(scratch._host(), 9999999999, "1")
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    with scratch.folder():
        assert theirs.is_dir()


def test_the_temporary_folder_may_be_a_link_or_missing(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_one(tmp_path / "tree")
    (tmp_path / "link").symlink_to(temporary)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "link"))
    with scratch.folder() as made:
        assert names(temporary) == [made.name]
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with scratch.folder() as made:
        assert made.is_relative_to("/tmp")  # as other programs do


@pytest.mark.parametrize(
    ("number", "fix"),
    [(errno.ENOSPC, "make room"), (errno.EDQUOT, "quota"), (errno.EMFILE, "ulimit -n"),
     (errno.ENOENT, "set TMPDIR")],
)  # fmt: skip
def test_a_folder_that_cannot_be_made_is_an_error_that_says_where_and_what_to_do(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, number: int, fix: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(LockstepError, match=os.strerror(number)) as error:
        scratch.make_folder()
    assert error.value.where == str(temporary) and fix in error.value.fix


def test_no_room_in_the_folder_is_an_error_that_says_where(temporary: Path) -> None:
    with pytest.raises(LockstepError, match="File too large") as error, scratch.folder() as made:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    assert error.value.where == str(made) and "ulimit -f" in error.value.fix
    with pytest.raises(FileNotFoundError), scratch.folder():
        raise FileNotFoundError


def test_names_of_temporary_files_are_known(tmp_path: Path) -> None:
    kill_one(tmp_path)
    (name,) = (path.name for path in tmp_path.glob(".lockstep-*"))
    assert scratch.is_temporary(name) and scratch.is_temporary(".lockstep-abc_12x9")
    for other in (f"{name}.yaml", name[1:], "family.yaml", ".lockstep-settings", ""):
        assert not scratch.is_temporary(other)
