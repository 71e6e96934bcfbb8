"""Which OPA is used, and which one is refused."""

from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.opa.binary import (
    find_opa,
    opa_version,
    pinned_version,
    require_recent,
    require_version,
    user_opa,
)
from tests.unit.opa.parts import opa_program


def program(folder: Path, name: str = "opa", says: str = "Version: 1.22.0") -> Path:
    """A program that always prints one line."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LOCKSTEP_OPA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", "/nonexistent")


def test_the_named_program_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path)
    mine = program(tmp_path, "mine")
    monkeypatch.setenv("LOCKSTEP_OPA", str(mine))
    assert find_opa(tmp_path) == mine


def test_a_named_program_that_is_missing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path)
    monkeypatch.setenv("LOCKSTEP_OPA", "/nonexistent/opa")
    with pytest.raises(LockstepError, match="LOCKSTEP_OPA names /nonexistent/opa"):
        find_opa(tmp_path)


def test_the_built_one_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tools").mkdir()
    built = program(tmp_path / "tools")
    on_path = program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_opa(tmp_path / "tools") == built
    assert find_opa(tmp_path / "none") == on_path


def test_without_any_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="there is no opa") as caught:
        find_opa(tmp_path)
    fix = "lockstep tools opa (builds the pinned one), or install OPA 1.22 or newer"
    assert caught.value.fix == fix


def test_the_one_of_this_user_comes_before_path_and_after_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = user_opa()
    assert mine == tmp_path / f"data/lockstep/bin/opa-{pinned_version()}"
    mine.parent.mkdir(parents=True)
    program(mine.parent, mine.name)
    program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_opa(tmp_path / "none") == mine
    (tmp_path / "tools").mkdir()
    built = program(tmp_path / "tools")
    assert find_opa(tmp_path / "tools") == built


def test_the_pinned_version_is_one_that_is_recent_enough() -> None:
    require_version(Path("opa"), pinned_version())


def test_a_relative_data_folder_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    monkeypatch.setenv("HOME", "nowhere")
    assert user_opa() is None


@pytest.mark.parametrize("version", ["1.22.0", "1.22.2", "v1.30.1", "2.0.0", "1.22.2-dev"])
def test_recent_versions_are_used(version: str) -> None:
    require_version(Path("opa"), version)


@pytest.mark.parametrize("version", ["0.70.0", "1.21.9", "1.3.0"])
def test_old_versions_are_refused_with_the_reason(tmp_path: Path, version: str) -> None:
    old = program(tmp_path, says=f"Version: {version}")
    with pytest.raises(LockstepError, match=f"version {version}; Lockstep needs 1.22") as caught:
        require_recent(old)
    assert caught.value.where == str(old)


def test_another_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="does not report a version of OPA"):
        require_recent(program(tmp_path, says="hello"))


def test_the_real_one_reports_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    opa = opa_program()
    require_version(opa, opa_version(opa))


def test_another_program_at_the_same_path_has_its_own_version(tmp_path: Path) -> None:
    assert opa_version(program(tmp_path, says="Version: 1.22.0")) == "1.22.0"
    assert opa_version(program(tmp_path, says="Version: 1.23.45")) == "1.23.45"
