"""What doctor finds in a repository that lacks something."""

import shutil
import subprocess
from pathlib import Path

import pytest

from lockstep.check.repository_probes import repository_probes
from lockstep.model.tool_results import Health, Probe

ROOT = Path(__file__).resolve().parents[3]
OTHERS = ("identity", "lockstep.yaml", "remote", "history", ".gitattributes", "organisation",
          "hook", "workflow")  # fmt: skip
ORGANISATION = "policies/data/organisation.yaml"


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


def write(folder: Path, path: str, text: str) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "now")


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A clone in which nothing is missing."""
    server, clone = tmp_path / "fleet.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(server))
    git(tmp_path, "clone", "--quiet", str(server), str(clone))
    git(clone, "config", "user.name", "Runner")
    git(clone, "config", "user.email", "runner@example.com")
    git(clone, "checkout", "--quiet", "-B", "main")
    write(clone, "lockstep.yaml", f"branch: main\nrepository: {server}\n")
    write(clone, ".gitattributes", "* text=auto eol=lf\n")
    write(clone, ".github/workflows/check.yml", "run: lockstep check\n")
    write(clone, ".pre-commit-config.yaml", "id: lockstep-check\n")
    write(clone, ".git/hooks/pre-commit", "#!/bin/sh\n")
    write(clone, ORGANISATION, (ROOT / "policies/examples" / ORGANISATION).read_text())
    commit(clone)
    git(clone, "push", "--quiet", "origin", "main")
    return clone


def probes(folder: Path) -> dict[str, Probe]:
    return {probe.part: probe for probe in repository_probes(folder)}


def test_a_fleet_with_all_parts_is_ok(fleet: Path) -> None:
    found = probes(fleet)
    assert set(found) == {"repository", *OTHERS}
    assert [probe for probe in found.values() if probe.health is not Health.OK] == []


def test_outside_of_a_repository_only_that_is_said(tmp_path: Path) -> None:
    (only,) = repository_probes(tmp_path)
    assert (only.part, only.health) == ("repository", Health.MISSING) and only.fix


def test_an_empty_repository_says_what_to_write(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    found = probes(tmp_path)
    assert found["lockstep.yaml"].health is found["organisation"].health is Health.MISSING
    for part in ("remote", ".gitattributes", "hook", "workflow"):
        assert found[part].health is Health.WARNING and found[part].fix


def test_settings_that_cannot_be_read_or_are_not_committed(fleet: Path) -> None:
    write(fleet, "lockstep.yaml", "branch: [\n")
    assert probes(fleet)["lockstep.yaml"].health is Health.MISSING
    git(fleet, "rm", "--quiet", "--cached", "lockstep.yaml")
    git(fleet, "commit", "--quiet", "--message", "without")
    write(fleet, "lockstep.yaml", f"branch: main\nrepository: {fleet.parent}/fleet.git\n")
    assert "not committed" in probes(fleet)["lockstep.yaml"].found


def test_a_fleet_that_is_pinned_to_another_version(fleet: Path) -> None:
    text = (fleet / "lockstep.yaml").read_text()
    write(fleet, "lockstep.yaml", f"{text}program: {{version: 9.9.9}}\n")
    found = probes(fleet)["lockstep.yaml"]
    assert found.health is Health.MISSING and "pinned to Lockstep 9.9.9" in found.found


def test_a_remote_of_another_repository_and_a_branch_that_is_not_there(fleet: Path) -> None:
    text = (fleet / "lockstep.yaml").read_text()
    write(fleet, "lockstep.yaml", text.replace("branch: main", "branch: live"))
    assert "has no branch live" in probes(fleet)["remote"].found
    write(fleet, "lockstep.yaml", "branch: main\nrepository: https://git.example.com/x\n")
    assert "no remote has this address" in probes(fleet)["remote"].found
    git(fleet, "remote", "remove", "origin")
    assert probes(fleet)["remote"].fix.startswith("git remote add origin")


def test_a_clone_that_is_behind_or_shallow_or_without_server(fleet: Path) -> None:
    server = fleet.parent / "fleet.git"
    shallow = fleet.parent / "shallow"
    write(fleet, "more", "x")
    commit(fleet)
    git(fleet, "push", "--quiet", "origin", "main")
    git(fleet.parent, "clone", "--quiet", "--depth=1", f"file://{server}", str(shallow))
    assert probes(shallow)["history"].fix == "git fetch --unshallow"
    write(fleet, "more", "y")
    commit(fleet)
    git(fleet, "push", "--quiet", "origin", "main")
    assert probes(shallow)["remote"].fix == "git fetch origin"
    shutil.rmtree(server)
    assert probes(fleet)["remote"].health is Health.WARNING


def test_attributes_that_convert_and_data_that_is_missing(fleet: Path) -> None:
    write(fleet, ".gitattributes", "*.yaml ident\n")
    assert probes(fleet)[".gitattributes"].health is Health.MISSING
    (fleet / ".gitattributes").unlink()
    assert probes(fleet)[".gitattributes"].health is Health.WARNING
    (fleet / ORGANISATION).unlink()
    assert probes(fleet)["organisation"].fix.startswith("write in it thresholds")


def test_a_hook_that_is_configured_and_not_installed(fleet: Path) -> None:
    (fleet / ".git/hooks/pre-commit").unlink()
    assert probes(fleet)["hook"].fix.endswith(".venv/bin/pre-commit install")
    (fleet / ".pre-commit-config.yaml").unlink()
    assert "lockstep-check" in probes(fleet)["hook"].fix
    write(fleet, ".git/hooks/pre-commit", "lockstep check --staged\n")
    assert probes(fleet)["hook"].health is Health.OK


def test_hooks_that_are_switched_off(fleet: Path) -> None:
    git(fleet, "config", "core.hooksPath", "/dev/null")
    found = probes(fleet)["hook"]
    assert found.health is Health.WARNING and "git runs no hook here" in found.found
    git(fleet, "config", "core.hooksPath", ".git/hooks")
    assert probes(fleet)["hook"].health is Health.OK


def test_a_hook_whose_program_is_not_there(fleet: Path) -> None:
    write(fleet, ".pre-commit-config.yaml", "entry: .venv/bin/lockstep check --staged\n")
    found = probes(fleet)["hook"]
    assert (found.health, found.found) == (
        Health.WARNING, "there is no .venv/bin/lockstep, which it runs",
    )  # fmt: skip
    write(fleet, ".venv/bin/lockstep", "")
    assert "no .venv/bin/lockstep" not in probes(fleet)["hook"].found
