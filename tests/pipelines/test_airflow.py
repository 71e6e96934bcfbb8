"""The DAG that init writes, run by a real Airflow: to the pushed branch, and for each exit code."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockstep.scaffold.requests import EXAMPLE_OWNER
from tests.pipelines.environments import programs
from tests.pipelines.fleet import (
    PROGRAMS,
    PipelineFleet,
    assert_same_as_by_hand,
    copy_fleet,
)
from tests.pipelines.mail_server import MailServer, mail_server
from tests.pipelines.stand_ins import SAID, stand_in_lockstep, stand_in_trainer

DAG = "train-prod-fraud-detection"
REFUSALS = ("2", "3", "10", "11", "12", "13")
STATES = Path(__file__).with_name("airflow_states.py")


@dataclass(frozen=True)
class Airflow:
    """A real Airflow with a database of its own, which knows the DAG of a fleet alone."""

    home: Path
    fleet: PipelineFleet
    bin: Path

    def run(
        self, program: str, *arguments: str | Path, more: Mapping[str, str] | None = None
    ) -> str:
        """Run a program of Airflow's environment to success, and give all that it printed."""
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.home, env={**self._environment, **(more or {})},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    @property
    def dags(self) -> Path:
        return self.fleet.pipelines / "airflow"

    @property
    def _environment(self) -> dict[str, str]:
        inherited = self.fleet.environment.items()
        return {
            **{name: value for name, value in inherited if not name.startswith("AIRFLOW")},
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
            "AIRFLOW_VAR_TRAINER_PYTHON": sys.executable,
            "AIRFLOW_VAR_LOCKSTEP_PROGRAM": str(PROGRAMS / "lockstep"),
        }  # fmt: skip


@pytest.fixture(scope="module")
def airflow(pipeline_template: PipelineFleet, tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    """An Airflow whose database is made."""
    folder = tmp_path_factory.mktemp("airflow")
    bin = programs("airflow")
    made = Airflow(folder, copy_fleet(pipeline_template, folder / "fleet"), bin)
    made.run("airflow", "db", "migrate")
    return made


def test_the_dag_ends_in_the_branch_of_the_verb_by_hand(airflow: Airflow) -> None:
    said = airflow.run("airflow", "dags", "test", DAG)
    assert "lockstep/prod/fraud-detection/2-" in said
    assert_same_as_by_hand(airflow.fleet, "2")


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    """Where Airflow sends its mails."""
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def ended(
    airflow: Airflow, mails: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str, Path]:
    """What Airflow made of each exit code, all that it printed, and the program that ended so."""
    folder = tmp_path_factory.mktemp("stand-ins")
    program = stand_in_lockstep(folder)
    connection = {
        "conn_type": "smtp", "host": "127.0.0.1", "port": mails.port,
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"},
    }  # fmt: skip
    said = airflow.run(
        "python", STATES, airflow.dags, program, "0", "1,0", "1", *REFUSALS,
        more={
            "AIRFLOW_VAR_TRAINER_PYTHON": str(stand_in_trainer(folder)),
            "AIRFLOW_VAR_LOCKSTEP_PROGRAM": str(program),
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection),
        },
    )  # fmt: skip
    return json.loads(said.splitlines()[-1]), said, program


def test_airflow_parses_the_dag(ended: tuple[dict[str, Any], str, Path]) -> None:
    assert ended[0]["errors"] == {}


def test_tries_are_bounded_and_wait_longer_each_time(
    ended: tuple[dict[str, Any], str, Path],
) -> None:
    said = ended[0]
    assert said["retries"] == {"train": 0, "evaluate": 2, "register": 2, "propose": 5}
    assert (said["first wait"], said["factor"], said["longest wait"]) == (60, 2, 3600)


@pytest.mark.parametrize(("codes", "calls"), [("0", 1), ("1,0", 2)])
def test_what_could_not_run_is_tried_again(
    ended: tuple[dict[str, Any], str, Path], codes: str, calls: int
) -> None:
    wanted = {"run": "success", "task": "success", "tries": calls, "calls": calls}
    assert ended[0][codes] == wanted


def test_after_all_tries_the_run_fails(ended: tuple[dict[str, Any], str, Path]) -> None:
    assert ended[0]["1"] == {"run": "failed", "task": "failed", "tries": 6, "calls": 6}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_fails_at_once(ended: tuple[dict[str, Any], str, Path], code: str) -> None:
    assert ended[0][code] == {"run": "failed", "task": "failed", "tries": 1, "calls": 1}


def test_the_log_shows_what_lockstep_said(ended: tuple[dict[str, Any], str, Path]) -> None:
    assert ended[1].count(SAID) >= 9


def test_lockstep_gets_the_version_and_the_reason(
    ended: tuple[dict[str, Any], str, Path],
) -> None:
    asked = Path(f"{ended[2]}.asked").read_text().splitlines()
    options = ["--environment=prod", "--reason=a new version was trained", "--format=json"]
    assert asked == ["propose", *options, "--", "fraud-detection", "7"]


def test_only_a_contradiction_is_mailed_to_the_owner(
    ended: tuple[dict[str, Any], str, Path], mails: MailServer
) -> None:
    (mail,) = mails.mails
    assert mails.recipients == [EXAMPLE_OWNER]
    assert mail["Subject"] == "The registry contradicts what was recorded of prod/fraud-detection"
    body = mail.get_body()
    assert body and DAG in body.get_content()
