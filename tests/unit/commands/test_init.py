"""``lockstep init`` without a registry: the files of a fleet, or nothing."""

from pathlib import Path

import pytest
import yaml

from lockstep.cli import invoke
from tests.unit.edges.repositories import git

NOW = "2026-06-01T08:00:00Z"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    return tmp_path


def init(folder: Path, *arguments: str) -> tuple[int, str]:
    where = ["--repository", "https://git.example.com/ml/fleet.git", "--now", NOW]
    return invoke(["init", str(folder), "--yes", "--model", "fraud", *where, *arguments])


def files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] != ".git"}


@pytest.mark.parametrize("tier", ["development", "staging", "production"])
def test_the_files_of_a_tier_are_written_and_rendered(folder: Path, tier: str) -> None:
    code, said = init(folder, "--tier", tier, "--environment", "one", "--region", "eu-west-1:EU")
    assert code == 0 and "lockstep lock one/fraud 1" in said, said
    written = files(folder)
    assert {"lockstep.yaml", "CODEOWNERS", "policies/data/organisation.yaml"} <= written
    assert {f"clusters/one/fraud/{each}.yaml" for each in ("family", "eu-west-1")} <= written
    assert any(path.startswith("rendered/one/") for path in written)
    assert invoke(["validate", "--root", str(folder)])[0] == 0


def test_the_workflow_is_that_of_the_forge(folder: Path) -> None:
    assert init(folder, "--forge", "gitlab")[0] == 0
    assert ".gitlab-ci.yml" in files(folder) and not (folder / ".github").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--region", "eu-west-1"),
        ("--owner", "nobody"),
        ("--namespace", "a b"),
        ("--environment", "../x"),
        ("--hash", "sha256:12", "--source", "https://pypi.example.com/simple"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_anything_is_written(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    code, said = init(folder, *arguments)
    assert code == 2 and "Traceback" not in said, said
    assert files(folder) == set()


def test_what_observes_it_is_written_where_it_is_asked_for(folder: Path) -> None:
    labels = ("--operator-label", "release=prom", "--operator-label", "example.com/team=ml")
    code, said = init(folder, "--region", "eu-west-1:EU:kube-eu", *labels)
    assert code == 0 and "spec.observability of clusters/dev/environment.yaml" in said, said
    environment = yaml.safe_load((folder / "clusters/dev/environment.yaml").read_text())
    assert environment["spec"]["observability"] == {
        "labels": {"release": "prom", "example.com/team": "ml"},
        "namespace": "monitoring",
        "destination": "kube-eu",
    }
    family = yaml.safe_load((folder / "clusters/dev/fraud/family.yaml").read_text())
    assert family["spec"]["defaults"]["observability"]["dashboard"] == "fraud"
    assert invoke(["validate", "--root", str(folder)])[0] == 0


def test_outside_production_nothing_observes_it_unasked(folder: Path) -> None:
    code, said = init(folder)
    assert code == 0 and "observability" not in said
    files = [path.read_text() for path in folder.glob("clusters/**/*.yaml")]
    assert files and not any("observability" in text for text in files)


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (["release"], "'release' has no value"),
        (["release="], "--operator-label value"),
        (["release=a b"], "--operator-label value"),
        (["argoproj.io/x=a"], "--operator-label"),
        (["release: {x}=a"], "--operator-label"),
        (["release=a", "release=b"], "'release' is given twice"),
    ],
)
def test_a_label_that_no_object_may_have_is_refused(
    folder: Path, labels: list[str], wrong: str
) -> None:
    code, said = init(folder, *(f"--operator-label={label}" for label in labels))
    assert code == 2 and wrong in said, said
    assert files(folder) == set()


def test_what_exists_stays(folder: Path) -> None:
    (folder / "README.md").write_text("ours\n")
    code, said = init(folder)
    assert code == 2 and "README.md" in said
    assert files(folder) == {"README.md"}
    assert init(folder, "--keep")[0] == 0
    assert (folder / "README.md").read_text() == "ours\n"
