"""The specs of one environment as the lab puts them: valid without the environments around it."""

import shutil
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.world import git
from tests.lab.specs import copy_specs

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("fleet", [ROOT, ROOT / "tests" / "golden"], ids=["reference", "golden"])
def test_an_environment_that_comes_alone_can_be_rendered(fleet: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    address = "https://git.example.com/lab.git"
    copy_specs(fleet / "clusters/prod", tmp_path / "clusters/alone", "alone", address)
    if (fleet / "templates").is_dir():
        shutil.copytree(fleet / "templates", tmp_path / "templates")
    code, said = invoke(["render", "--root", str(tmp_path)])
    assert code == 0, said
    assert "predecessor" not in (tmp_path / "clusters/alone/environment.yaml").read_text()
    assert list((tmp_path / "rendered/alone/clusters").iterdir())
