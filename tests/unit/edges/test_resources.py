"""The templates and policies that ship with Lockstep are there, in a checkout and in a wheel."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lockstep
from lockstep.edges.resources import (
    shipped_digest,
    shipped_root,
    shipped_tree,
    starter,
    tool_dir,
    tool_sources,
    user_programs,
)

PACKAGE = Path(lockstep.__file__).parent


def test_a_checkout_uses_its_own_folders() -> None:
    assert (shipped_root() / "policies/schemas").is_dir()
    assert {"templates/service/service.yaml.j2", "policies/main.rego"} <= shipped_tree().keys()
    assert shipped_digest().startswith("sha256:")
    assert tool_dir().name == "bin" and tool_dir().parent.name == "tools"


def asked(site: Path) -> str:
    code = "from lockstep.edges.resources import shipped_root; print(shipped_root())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(site)},
    )  # fmt: skip
    return done.stdout.strip() or done.stderr.splitlines()[-1]


def test_an_installed_package_uses_its_own_copy_or_says_that_it_has_none(
    tmp_path: Path,
) -> None:
    site = tmp_path / "lib" / "site"
    shutil.copytree(
        PACKAGE, site / "lockstep", ignore=shutil.ignore_patterns("_data", "__pycache__")
    )
    assert "this installation of Lockstep has no policies" in asked(site)
    inside = site / "lockstep" / "_data"
    for folder in (inside, tmp_path):
        for name in ("policies", "templates"):
            (folder / name).mkdir(parents=True)
    assert asked(site) == str(inside)


def test_a_starter_has_the_files_of_a_new_part() -> None:
    assert set(starter("rule/cluster")) == {"rule.rego", "rule_test.rego", "examples.yaml"}


def test_programs_of_a_user_are_where_xdg_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_programs() == tmp_path / "lockstep/bin"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert user_programs() == tmp_path / "home/.local/share/lockstep/bin"
    assert (tool_sources() / "build").is_file()
