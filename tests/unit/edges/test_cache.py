"""The cache: trusted only where no one else can write, the bytes that were put, never an error."""

import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from lockstep.edges import cache as module
from lockstep.edges.cache import FILE, Cache
from lockstep.edges.cache_database import Entries

KEY, OTHER = "a" * 64, "f" * 64
VALUE = {"findings": [], "count": 1, "ü": None}
MANY = {f"{number:064x}": bytes([number % 251]) * 900 for number in range(60)}
NOW = 1_800_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose cache has many entries and one value."""
    folder = tmp_path / "deep" / "cache"
    Cache(folder).put_many(MANY)
    Cache(folder).put(OTHER, VALUE)
    return folder


def works(folder: Path) -> bool:
    """Whether a value can be kept there, and is read."""
    Cache(folder).put(KEY, VALUE)
    return bool(Cache(folder).get(KEY) == VALUE)


def test_what_was_put_is_got_under_its_own_key_only(folder: Path) -> None:
    cache = Cache(folder)
    assert cache.get_many([*MANY, "none"]) == MANY
    assert cache.get(OTHER) == VALUE and cache.get("e" * 64) is None
    cache.put(OTHER, 2)
    assert cache.get(OTHER) == 2
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_reading_makes_nothing(tmp_path: Path) -> None:
    assert Cache(tmp_path / "cache").get(KEY) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o722, 0o702])
def test_a_folder_that_others_may_write_is_neither_read_nor_written(
    folder: Path, mode: int
) -> None:
    before = (folder / FILE).read_bytes()
    folder.chmod(mode)
    assert Cache(folder).get_many(MANY) == {} and not works(folder)
    assert (folder / FILE).read_bytes() == before


def test_a_folder_in_a_work_tree_is_neither_read_nor_written(folder: Path, tmp_path: Path) -> None:
    before = (folder / FILE).read_bytes()
    (tmp_path / ".git").mkdir()  # a pull request could bring the file
    assert Cache(folder).get_many(MANY) == {} and not works(folder)
    assert (folder / FILE).read_bytes() == before
    assert works(tmp_path / ".git" / "cache")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to another user")
@pytest.mark.parametrize("name", ["", FILE, f"{FILE}-journal"])
def test_what_belongs_to_another_user_is_not_read(folder: Path, name: str) -> None:
    if name.endswith("journal"):
        (folder / name).write_bytes(b"")
    os.chown(folder / name, 65534, 65534)
    assert Cache(folder).get_many(MANY) == {}
    assert works(folder) == bool(name)  # in a folder of this user, the file is replaced


def test_a_file_that_others_may_write_is_not_read_but_replaced(folder: Path) -> None:
    (folder / FILE).chmod(0o620)
    assert Cache(folder).get_many(MANY) == {}
    assert works(folder) and Cache(folder).get_many(MANY) == {}


def test_a_link_is_not_followed_but_replaced(folder: Path) -> None:
    target = (folder / FILE).rename(folder / "target")
    before = target.read_bytes()
    (folder / FILE).symlink_to(target)
    assert Cache(folder).get_many(MANY) == {}
    assert works(folder) and target.read_bytes() == before


def another_layout(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE entries (key, value)")


def as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def with_a_strange_size(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE entries SET size = 'a', written = 'b'")


@pytest.mark.parametrize("damage", [
    another_layout, as_folder, with_a_strange_size, os.unlink,
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(b"[]"),
    lambda file: file.write_bytes(b"not a database " * 1000),
    lambda file: os.truncate(file, 5000),
    lambda file: os.truncate(file, 40),
    lambda file: file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (len(MANY) * 1000)),
    lambda file: file.with_name(f"{FILE}-journal").write_bytes(b"\xd9\xd5\x05\xf9 journal" * 99),
])  # fmt: skip
def test_what_is_no_database_of_ours_is_replaced(folder: Path, damage: object) -> None:
    assert callable(damage)
    damage(folder / FILE)
    for key, value in Cache(folder).get_many(MANY).items():
        assert value == MANY[key]
    assert works(folder)


def test_a_folder_with_files_in_the_databases_place_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / FILE / "theses").mkdir(parents=True)
    assert not works(tmp_path) and (tmp_path / FILE / "theses").is_dir()


@pytest.mark.parametrize("seed", range(150))
def test_flipped_bytes_give_the_bytes_that_were_put_or_nothing(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray((folder / FILE).read_bytes())
    for _ in range(chance.choice((1, 3, 30, 300))):
        data[chance.randrange(chance.choice((100, 8192, len(data))))] ^= 1 << chance.randrange(8)
    (folder / FILE).write_bytes(data)
    found = Cache(folder).get_many(MANY)
    assert found.items() <= MANY.items()
    assert works(folder)
    Cache(folder).put_many(MANY)
    assert Cache(folder).get_many(MANY).items() <= MANY.items()


def test_a_changed_value_is_not_returned(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("UPDATE entries SET value = ?", (b"2",))
    assert Cache(folder).get_many([*MANY, OTHER]) == {}
    assert works(folder)


def test_the_value_of_another_key_is_not_returned(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("UPDATE entries SET key = ? WHERE key = ?", (b"moved", OTHER.encode()))
    assert Cache(folder).get_many(["moved", OTHER]) == {}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 10_000])
def test_a_value_that_is_not_json_is_ignored(folder: Path, data: bytes) -> None:
    Cache(folder).put_many({KEY: data})
    assert Cache(folder).get(KEY) is None
    assert works(folder)


def test_a_database_that_another_process_locks_is_waited_for_once(folder: Path) -> None:
    cache = Cache(folder)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        assert cache.get_many(MANY) == {}
        cache.put(KEY, VALUE)
        assert 0.5 < time.monotonic() - start < 2
    assert cache.get_many([OTHER]) and cache.get(KEY) is None


def test_a_file_that_cannot_grow_is_not_an_error(folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (folder / FILE).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        Cache(folder).put_many({KEY: b"1" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert Cache(folder).get_many(MANY) == MANY


def test_a_folder_or_file_in_the_wrong_place_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none")):
        assert not works(folder)


def test_without_a_folder_or_sqlite_nothing_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cache(None).put(KEY, VALUE)
    assert Cache(None).get(KEY) is None
    monkeypatch.delattr("lockstep.edges.cache_database")
    monkeypatch.setitem(sys.modules, "lockstep.edges.cache_database", None)
    assert Cache(folder).get_many(MANY) == {} and not works(folder)


def test_the_least_recently_written_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BYTES_KEPT", 50_000)
    cache = Cache(folder)
    cache.put(KEY, VALUE)
    kept = cache.get_many([*MANY, KEY, OTHER])
    assert {KEY, OTHER} <= set(kept) and 40 < len(kept) < 50
    assert set(kept) - {KEY, OTHER} == set(sorted(MANY)[-len(kept) + 2 :])
    cache.put_many({"large": b"1" * 50_001})
    assert cache.get_many([*kept, "large"]) == kept


def test_what_is_read_after_a_day_counts_as_written(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        entries = Entries(db)
        entries._db.text_factory = bytes
        entries.write({"a": b"1", "b": b"2"}, NOW, 10**6)
        assert db.execute("COMMIT") and entries.read(["a"], NOW + 3600) == ({"a": b"1"}, [])
        assert entries.read(["a"], NOW + 90_000) == ({"a": b"1"}, ["a"])
        assert entries.read(["a"], NOW - 90_000) == ({"a": b"1"}, ["a"])
        entries.renew(["a"], NOW + 90_000)
        db.execute("COMMIT")
        assert entries.read(["a", "b"], NOW + 90_000)[1] == ["b"]
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("UPDATE entries SET written = 5")
    Cache(folder).get(OTHER)
    with closing(sqlite3.connect(folder / FILE)) as db:
        new = db.execute("SELECT key FROM entries WHERE written > 5").fetchall()
    assert new == [(OTHER.encode(),)]


def test_what_a_wrong_clock_wrote_does_not_stay_for_ever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("UPDATE entries SET written = 99999999999")
    monkeypatch.setattr(module, "BYTES_KEPT", 5_000)
    assert works(folder)


def test_entries_of_earlier_versions_are_removed_and_files_of_others_never(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "thesis.tex").write_bytes(b"years of work")
    (tmp_path / KEY).write_bytes(b"1")
    (tmp_path / OTHER).mkdir()
    Cache(tmp_path).put(KEY, VALUE)
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.tex", OTHER, FILE}
    (tmp_path / KEY).write_bytes(b"1")
    Cache(tmp_path).put(KEY, VALUE)
    assert (tmp_path / KEY).exists()


def _write_and_read(folder: Path, seed: int) -> int:
    chance, wrong = random.Random(seed), 0
    for _ in range(40):
        keys = chance.sample(sorted(MANY), 20)
        Cache(folder).put_many({key: MANY[key] for key in keys})
        wrong += not Cache(folder).get_many(MANY).items() <= MANY.items()
    return wrong


@pytest.mark.parametrize("start", ["new", "damaged"])
def test_many_processes_at_once(tmp_path: Path, start: str) -> None:
    tmp_path.chmod(0o700)
    if start == "damaged":
        (tmp_path / FILE).write_bytes(b"x" * 9000)
        (tmp_path / FILE).chmod(0o600)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        wrong = pool.starmap(_write_and_read, [(tmp_path, seed) for seed in range(3)])
    assert sum(wrong) == 0
    Cache(tmp_path).put_many(MANY)
    assert Cache(tmp_path).get_many(MANY) == MANY


def test_kill_9_leaves_all_of_a_write_or_nothing(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from lockstep.edges.cache import Cache\n"
        "print('ready', flush=True); n = 0\n"
        "while True:\n"
        "    n = (n + 1) % 250\n"
        "    Cache(Path(sys.argv[1])).put_many({f'{k:064x}': bytes([n]) * 900 for k in range(60)})"
    )
    for moment in range(6):
        writer = subprocess.Popen([sys.executable, "-c", script, folder], stdout=subprocess.PIPE)
        assert writer.stdout
        with writer.stdout:
            writer.stdout.readline()
            time.sleep(0.02 + moment * 0.011)
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        found = Cache(folder).get_many(MANY)
        assert len(found) == len(MANY) and len({value[0] for value in found.values()}) in (1, 60)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LOCKSTEP_CACHE": "/named"}, "/named"),
        ({"LOCKSTEP_CACHE": "", "XDG_CACHE_HOME": "/xdg"}, None),
        ({"XDG_CACHE_HOME": "/xdg"}, "/xdg/lockstep"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/lockstep"),
        ({"XDG_CACHE_HOME": "relative"}, None),
    ],
)
def test_the_users_folder_is_the_one_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str | None
) -> None:
    for name in ("LOCKSTEP_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    named = None if expected is None else Path(expected)
    assert vars(Cache.of_user()) == vars(Cache(named))
