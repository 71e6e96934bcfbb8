"""What doctor finds on a machine that lacks something."""

from pathlib import Path

import pytest

from lockstep.check.machine_probes import MACHINE
from lockstep.check.probing import probe_all
from lockstep.model.tool_results import Health, Probe


def probes() -> dict[str, Probe]:
    return {probe.part: probe for probe in probe_all(MACHINE)}


def programs(folder: Path, **says: str) -> Path:
    for name, text in says.items():
        (folder / name).write_text(f"#!/bin/sh\necho '{text}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_a_machine_with_all_parts_is_ok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = programs(tmp_path, git="git version 2.47.1", opa="Version: 1.22.2")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("LOCKSTEP_OPA", str(folder / "opa"))
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    found = probes()
    assert found["git"] == Probe("git", Health.OK, "2.47.1")
    assert found["OPA"] == Probe("OPA", Health.OK, f"1.22.2, {folder}/opa")
    assert found["cache"] == Probe("cache", Health.OK, str(tmp_path / "cache"))
    assert found["Python"].health is Health.OK
    assert found["registry"].health is Health.WARNING


@pytest.mark.parametrize(("says", "fix"), [("git version 2.30.2", "2.38"), ("hello", "2.38")])
def test_an_old_git_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, fix: str
) -> None:
    monkeypatch.setenv("PATH", str(programs(tmp_path, git=says)))
    assert probes()["git"].health is Health.MISSING
    assert fix in probes()["git"].fix


def test_without_any_program_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOCKSTEP_OPA", "/nonexistent/opa")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    found = probes()
    assert [found[part].health for part in ("git", "OPA", "registry")] == [Health.MISSING] * 3
    assert all(found[part].fix for part in ("git", "OPA", "registry"))


def test_a_cache_that_others_may_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path))
    assert probes()["cache"].health is Health.WARNING
    monkeypatch.setenv("LOCKSTEP_CACHE", "")
    assert "turned off" in probes()["cache"].found
