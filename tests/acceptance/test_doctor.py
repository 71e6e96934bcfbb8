"""lockstep doctor, as a new user would run it: on a machine and in folders that lack things."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from tests.acceptance.world import World, git


def doctor(folder: Path, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the probes by part, and standard error."""
    argv = [sys.executable, "-m", "lockstep", "doctor", "--format", "json"]
    done = subprocess.run(
        argv, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    probes = {each["part"]: each for each in json.loads(done.stdout)["items"]}
    return done.returncode, probes, done.stderr


def test_a_fleet_has_no_more_than_warnings(world: World) -> None:
    code, said = invoke(["doctor", "--root", str(world.clone)])
    assert code == 0, said
    assert "0 missing" in said and "Traceback" not in said


def test_an_empty_folder_without_any_program_is_no_traceback(tmp_path: Path) -> None:
    empty = {"PATH": str(tmp_path), "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    code, probes, errors = doctor(tmp_path, LOCKSTEP_OPA="/nonexistent/opa", **empty)
    assert (code, errors) == (1, "")
    assert {"git", "OPA", "repository"} <= {
        part for part, probe in probes.items() if probe["health"] == "missing"
    }
    assert "lockstep tools opa" in probes["OPA"]["fix"]
    assert all(probe["fix"] for probe in probes.values() if probe["health"] == "missing")


def test_a_registry_that_gives_no_answer_is_not_waited_for(world: World) -> None:
    code, probes, _ = doctor(world.clone, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert (code, probes["registry"]["health"]) == (1, "missing")
    assert "MLFLOW_TRACKING_URI" in probes["registry"]["fix"]


@pytest.mark.parametrize("text", ["branch: [\n", "", "branch: main\n", "\x00\xff", "- a\n"])
def test_settings_in_any_form_are_one_line(world: World, text: str) -> None:
    (world.clone / "lockstep.yaml").write_bytes(text.encode("latin-1"))
    git(world.clone, "add", "--all")
    code, said = invoke(["doctor", "--root", str(world.clone)])
    assert code == 1 and "missing  lockstep.yaml" in said and "Traceback" not in said
