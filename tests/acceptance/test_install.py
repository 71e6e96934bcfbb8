"""Both ways of installing give a program that runs and finds what ships with it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from lockstep import __version__
from tests.acceptance.installed import Wheel, install, new_environment, pip, run

REPOSITORY = Path(__file__).resolve().parents[2]

SHIPPED = """
from lockstep.edges.resources import shipped_root
for name in ("templates", "policies"):
    folder = shipped_root() / name
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    print(name, folder, *files, sep="\\t")
"""


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(
    request: pytest.FixtureRequest, first_wheel: Wheel, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The bin folder of an environment of its own with Lockstep, its dependencies borrowed."""
    folder = tmp_path_factory.mktemp(request.param) / "venv"
    if request.param == "wheel":
        return install(first_wheel, folder).programs
    programs = new_environment(folder)
    how = ("--no-deps", "--no-build-isolation", "--editable", REPOSITORY)
    pip("--python", programs / "python", "install", *how)
    return programs


def test_the_program_runs(installed: Path, tmp_path: Path) -> None:
    assert __version__ in run(installed / "lockstep", "--version", cwd=tmp_path)
    assert "check" in run(installed / "lockstep", "--help", cwd=tmp_path)


def test_templates_and_policies_come_along(installed: Path, tmp_path: Path) -> None:
    for line in run(installed / "python", "-c", SHIPPED, cwd=tmp_path).splitlines():
        name, found_at, *files = line.split("\t")
        editable = Path(found_at) == REPOSITORY / name
        assert editable or installed.parent in Path(found_at).parents
        folder = REPOSITORY / name
        expected = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        assert set(files) == expected
        assert expected


def test_the_pinned_opa_is_built_for_a_user_once(installed: Path, tmp_path: Path) -> None:
    if installed.parent.parent.name.startswith("editable"):
        return  # there the one of the checkout is used, which make tools has built
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "LOCKSTEP_OPA": ""}
    results = []
    for _ in range(2):
        argv = (installed / "lockstep", "tools", "opa", "--format", "json")
        done = subprocess.run(
            argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        results += json.loads(done.stdout)["items"]
        assert ("Building OPA" in done.stderr) is results[-1]["built"]
    assert [each["built"] for each in results] == [True, False]
    program = Path(results[0]["path"])
    assert program == tmp_path / f"data/lockstep/bin/opa-{results[0]['version']}"
    assert [path.name for path in program.parent.iterdir()] == [program.name]
    where = "from lockstep.opa.binary import find_opa; print(find_opa())"
    found = subprocess.run(
        (installed / "python", "-c", where), cwd=tmp_path, env=env, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert found.stdout.strip() == str(program)
