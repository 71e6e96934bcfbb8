"""The cache: keyed by content, trusted only where no one else can write, and never an error."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from lockstep.edges.cache import Cache, content_key

KEY, OTHER = "0" * 64, "f" * 64
VALUE = {"findings": [], "count": 1, "ü": None}


def test_what_was_put_is_got_under_its_own_key_only(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "cache")
    assert cache.get(KEY) is None
    cache.put(KEY, VALUE)
    assert cache.get(KEY) == VALUE and cache.get(OTHER) is None
    assert stat.S_IMODE((tmp_path / "deep" / "cache").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o722, 0o702])
def test_a_folder_that_others_may_write_is_neither_read_nor_written(
    tmp_path: Path, mode: int
) -> None:
    cache = Cache(tmp_path / "cache")
    cache.put(KEY, VALUE)
    (tmp_path / "cache").chmod(mode)
    assert cache.get(KEY) is None
    cache.put(OTHER, VALUE)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [KEY]


def test_a_folder_in_a_work_tree_is_neither_read_nor_written(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cache"
    Cache(folder).put(KEY, VALUE)
    (tmp_path / ".git").mkdir()  # a pull request could bring the entry
    assert Cache(folder).get(KEY) is None
    Cache(folder).put(OTHER, VALUE)
    assert [path.name for path in folder.iterdir()] == [KEY]
    inside = Cache(tmp_path / ".git" / "cache")
    inside.put(KEY, VALUE)
    assert inside.get(KEY) == VALUE


def test_a_folder_of_another_user_is_not_read(tmp_path: Path) -> None:
    folder, key = Path("/proc/sys/kernel"), "pid_max"  # holds a number, and belongs to root
    if os.getuid() == 0:
        folder, key = tmp_path / "cache", KEY
        Cache(folder).put(key, VALUE)
        os.chown(folder, 65534, 65534)
    assert json.loads((folder / key).read_bytes())
    assert Cache(folder).get(key) is None


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 10_000, b'{"a": 1} x']
)
def test_a_broken_entry_is_ignored(tmp_path: Path, data: bytes) -> None:
    cache = Cache(tmp_path)
    tmp_path.chmod(0o700)
    (tmp_path / KEY).write_bytes(data)
    assert cache.get(KEY) is None
    cache.put(KEY, VALUE)
    assert cache.get(KEY) == VALUE


def test_a_folder_or_file_in_the_wrong_place_is_not_an_error(
    tmp_path: Path,
) -> None:
    (tmp_path / "cache" / KEY).mkdir(parents=True)
    cache = Cache(tmp_path / "cache")
    cache.put(KEY, VALUE)
    assert cache.get(KEY) is None
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none")):
        Cache(folder).put(KEY, VALUE)
        assert Cache(folder).get(KEY) is None


def test_without_a_folder_nothing_is_kept() -> None:
    Cache(None).put(KEY, VALUE)
    assert Cache(None).get(KEY) is None


def test_the_oldest_entries_are_forgotten_and_files_of_others_never(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "thesis.tex").write_bytes(b"years of work")
    os.utime(tmp_path / "thesis.tex", (0, 0))
    for number in range(505):
        entry = tmp_path / f"{number:064x}"
        entry.write_bytes(b"1")
        os.utime(entry, (number, number))
    Cache(tmp_path).put(KEY[:-1] + "f", VALUE)
    left = {path.name for path in tmp_path.iterdir()}
    assert len(left) == 501 and "thesis.tex" in left
    assert f"{0:064x}" not in left and f"{504:064x}" in left


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"LOCKSTEP_CACHE": "/named"}, "/named"),
        ({"LOCKSTEP_CACHE": "", "XDG_CACHE_HOME": "/xdg"}, None),
        ({"XDG_CACHE_HOME": "/xdg"}, "/xdg/lockstep"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/lockstep"),
        ({"XDG_CACHE_HOME": "relative"}, None),
    ],
)
def test_the_users_folder_is_the_one_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], folder: str | None
) -> None:
    for name in ("LOCKSTEP_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    expected = None if folder is None else Path(folder)
    assert vars(Cache.of_user()) == vars(Cache(expected))


def test_a_key_changes_with_every_byte_fact_and_boundary() -> None:
    tree: dict[str, bytes] = {"a": b"1", "b": b"2"}
    variations: list[tuple[list[dict[str, Any]], list[str]]] = [
        ([tree], []), ([tree], ["x"]), ([tree], ["x", ""]), ([tree, {}], []), ([{}, tree], []),
        ([tree, tree], []), ([{"a": b"1"}, {"b": b"2"}], []), ([{"a": b"12"}], []),
        ([{"a": b"1", "b": b"3"}], []), ([{"a": b"1", "c": b"2"}], []),
        ([{"a1": b"", "b": b"2"}], []),
        ([{"a\udcff": b"1", "b": b"2"}], []), ([], ["tree"]), ([], []),
    ]  # fmt: skip
    keys = [content_key(trees, facts) for trees, facts in variations]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)
    assert content_key([{"b": b"2", "a": b"1"}], []) == keys[0]
