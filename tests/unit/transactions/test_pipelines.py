"""``lockstep init --pipeline``, without a registry: the files of pipelines, or nothing."""

from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.unit.edges.repositories import git

NOW = "2026-06-01T08:00:00Z"
TRAINER, DAG = "pipelines/train.py", "pipelines/airflow/train_and_propose.py"
SECOND_FAMILY = ("add", "family", "churn", "--model", "churn")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet of one family that has no pipelines."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    where = ["--repository", "https://git.example.com/ml/fleet.git", "--now", NOW]
    region = ["--environment", "prod", "--region", "eu-west-1:EU"]
    code, said = invoke(["init", str(tmp_path), "--yes", "--model", "fraud", *where, *region])
    assert code == 0, said
    return tmp_path


def pipelines(fleet: Path, *arguments: str) -> tuple[int, str]:
    return invoke(["init", str(fleet), *arguments])


def below(fleet: Path) -> dict[str, str]:
    """The files below pipelines/ and their texts."""
    folder = fleet / "pipelines"
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(fleet)): path.read_text() for path in found}


def test_a_fleet_gets_the_files_with_its_own_values_and_keeps_all_others(fleet: Path) -> None:
    before = (fleet / "lockstep.yaml").read_bytes()
    code, said = pipelines(fleet, "--pipeline", "airflow")
    assert code == 0 and TRAINER in said, said
    assert below(fleet).keys() == {TRAINER, DAG}
    assert 'FAMILY = "fraud"' in below(fleet)[DAG] and 'ENVIRONMENT = "prod"' in below(fleet)[DAG]
    assert 'REGIONS = ["eu-west-1"]' in below(fleet)[TRAINER]
    assert (fleet / "lockstep.yaml").read_bytes() == before


def test_another_pipeline_comes_beside_the_first_and_the_same_one_changes_nothing(
    fleet: Path,
) -> None:
    assert pipelines(fleet, "--pipeline", "airflow")[0] == 0
    assert pipelines(fleet, "--pipeline", "prefect")[0] == 0
    written = below(fleet)
    assert {"pipelines/prefect/train_and_propose.py", DAG} <= written.keys()
    assert pipelines(fleet, "--pipeline", "airflow", "--pipeline", "prefect")[0] == 0
    assert below(fleet) == written


def test_a_file_of_people_is_never_replaced(fleet: Path) -> None:
    assert pipelines(fleet, "--pipeline", "airflow")[0] == 0
    (fleet / TRAINER).write_text("# ours\n")
    code, said = pipelines(fleet, "--pipeline", "airflow", "--pipeline", "prefect")
    assert code == 2 and TRAINER in said and "--keep" in said
    assert not (fleet / "pipelines/prefect").exists()
    assert pipelines(fleet, "--pipeline", "prefect", "--keep")[0] == 0
    assert below(fleet)[TRAINER] == "# ours\n"
    assert (fleet / "pipelines/prefect").is_dir()


def test_of_several_families_one_is_named(fleet: Path) -> None:
    added = [*SECOND_FAMILY, "--root", str(fleet), "--now", NOW]
    code, said = invoke(added)
    assert code == 0, said
    code, said = pipelines(fleet, "--pipeline", "airflow")
    assert code == 2 and "prod/churn" in said and "prod/fraud" in said
    assert not (fleet / "pipelines").exists()
    assert pipelines(fleet, "--pipeline", "airflow", "--family", "churn")[0] == 0
    assert 'MODEL = "churn"' in below(fleet)[DAG]


def test_a_pipeline_that_does_not_exist_is_refused_with_those_that_do(fleet: Path) -> None:
    code, said = pipelines(fleet, "--pipeline", "cron")
    assert code == 2 and "argo-workflows" in said
    assert not (fleet / "pipelines").exists()


def test_a_fleet_that_is_not_valid_gets_nothing(fleet: Path) -> None:
    (fleet / "clusters/prod/environment.yaml").write_text("spec: []\n")
    code, said = pipelines(fleet, "--pipeline", "airflow")
    assert code == 10 and "environment.yaml" in said
    assert not (fleet / "pipelines").exists()
