"""Paths in text are relative to the folder that a person is in, and nowhere else."""

import json
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.world import CLUSTER, FAMILY, World, git

BAD = f"clusters/{FAMILY}/eu-west-1.yaml"


@pytest.fixture
def bad(world: World) -> World:
    file = world.clone / CLUSTER
    file.write_text(file.read_text().replace("weight: 100", "weight: all"))
    return world


def places(text: str) -> list[str]:
    return [line.partition(":")[0] for line in text.splitlines() if ": error " in line]


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("", BAD),
        ("clusters", BAD.removeprefix("clusters/")),
        (f"clusters/{FAMILY}", "eu-west-1.yaml"),
        ("rendered/prod", f"../../{BAD}"),
    ],
)
def test_findings_are_named_as_seen_from_the_current_folder(
    bad: World, monkeypatch: pytest.MonkeyPatch, folder: str, path: str
) -> None:
    monkeypatch.chdir(bad.clone / folder)
    for verb in ("validate", "check", "render", "status"):
        code, said = invoke([verb, *(["--work-tree"] if verb == "status" else [])])
        assert code == 10 and places(said) == [path], said
    # With its source line.
    assert "weight: all" in invoke(["validate"])[1]


def test_json_and_the_formats_of_ci_stay_relative_to_the_repository(
    bad: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(bad.clone / "clusters/prod")
    report = tmp_path / "report.txt"
    said = invoke(["validate", "--format", "json", "--report", f"text={report}"])[1]
    assert [each["file"] for each in json.loads(said)["findings"]] == [BAD]
    assert places(report.read_text()) == [BAD.removeprefix("clusters/prod/")]
    assert f"file={BAD}," in invoke(["validate", "--format", "github"])[1]
    assert f'"uri": "{BAD}"' in invoke(["validate", "--format", "sarif"])[1]


def test_from_outside_of_the_repository_paths_are_those_of_the_repository(
    bad: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bad.folder)
    assert places(invoke(["validate", "--root", str(bad.clone)])[1]) == [BAD]


def test_files_that_are_written_and_errors_are_named_so_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = next(world.clone.glob("rendered/prod/clusters/scoring-eu-west-1/*.yaml"))
    stale.write_text("a: 1\n")
    monkeypatch.chdir(world.clone / "clusters")
    said = invoke(["render", "--check"])[1]
    assert f"to be written: ../{stale.relative_to(world.clone)}" in said
    (world.clone / "clusters/link.yaml").symlink_to("/etc/passwd")
    git(world.clone, "add", "--all")
    code, said = invoke(["validate"])
    assert code == 10 and said.startswith(("error: link.yaml: ", "link.yaml:1:1: error "))
