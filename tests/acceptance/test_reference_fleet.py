"""The fleet in this repository is what its own checks want it to be."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.world import git

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("clusters", "policies", "rendered", "templates")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    for folder in FOLDERS:
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    return tmp_path


def test_check_is_clean(copy: Path) -> None:
    code, said = invoke(["check", "--root", str(copy)])
    assert code == 0, said
    assert said.startswith("no errors")


def test_render_changes_nothing(copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    code, said = invoke(["render", "--root", str(copy)])
    assert (code, said) == (0, "rendered/ is as the specs declare it\n")
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_check_needs_no_registry(copy: Path) -> None:
    """A CI job that only checks installs light, and gets its answer without MLflow."""
    code = (
        "import sys; from lockstep.cli import invoke; "
        f"assert invoke(['check', '--root', {str(copy)!r}])[0] == 0; "
        "sys.exit('mlflow was imported' if 'mlflow' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_hand_written_file_reads_in_a_minute() -> None:
    for path in (REPOSITORY / "clusters").rglob("*.yaml"):
        if "locks" not in path.parts:
            assert len(path.read_text().splitlines()) <= 50, path
            assert path.read_text().startswith("# yaml-language-server: $schema="), path
