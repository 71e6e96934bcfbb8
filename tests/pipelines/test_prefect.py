"""The flow that init writes, run by a real Prefect: to the pushed branch, and for each code."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.environments import programs
from tests.pipelines.fleet import (
    PROGRAMS,
    PipelineFleet,
    assert_same_as_by_hand,
    copy_fleet,
)
from tests.pipelines.stand_ins import SAID, stand_in_lockstep, stand_in_trainer
from tests.unit.json_server import JsonServer, Reply, json_server

REFUSALS = ("2", "3", "10", "11", "12", "13")
STATES = Path(__file__).with_name("prefect_states.py")


@dataclass(frozen=True)
class Prefect:
    """A real Prefect with a server of its own for each run, which reports to nobody."""

    home: Path
    fleet: PipelineFleet
    bin: Path

    def run(self, *arguments: str | Path, more: Mapping[str, str] | None = None) -> str:
        """Run Prefect's Python to success, and give all that it printed."""
        done = subprocess.run(
            [self.bin / "python", *arguments],
            cwd=self.home, env={**self._environment, **(more or {})},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    @property
    def flow(self) -> Path:
        return self.fleet.pipelines / "prefect" / "train_and_propose.py"

    @property
    def _environment(self) -> dict[str, str]:
        inherited = self.fleet.environment.items()
        return {
            **{name: value for name, value in inherited if not name.startswith("PREFECT_")},
            "PREFECT_HOME": str(self.home),
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "TRAINER_PYTHON": sys.executable,
            "LOCKSTEP_PROGRAM": str(PROGRAMS / "lockstep"),
        }  # fmt: skip


@pytest.fixture(scope="module")
def prefect(pipeline_template: PipelineFleet, tmp_path_factory: pytest.TempPathFactory) -> Prefect:
    """A Prefect that has run nothing yet."""
    folder = tmp_path_factory.mktemp("prefect")
    bin = programs("prefect")
    return Prefect(folder, copy_fleet(pipeline_template, folder / "fleet"), bin)


def test_the_flow_ends_in_the_branch_of_the_verb_by_hand(prefect: Prefect) -> None:
    said = prefect.run(prefect.flow)
    assert "lockstep/prod/fraud-detection/2-" in said
    assert_same_as_by_hand(prefect.fleet, "2")


@pytest.fixture(scope="module")
def notified() -> Iterator[JsonServer]:
    """Where Prefect sends its notifications."""
    with json_server(lambda _: Reply({})) as server:
        yield server


@pytest.fixture(scope="module")
def ended(
    prefect: Prefect, notified: JsonServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str, Path]:
    """What Prefect made of each exit code, all that it printed, and the program that ended so."""
    folder = tmp_path_factory.mktemp("stand-ins")
    program = stand_in_lockstep(folder)
    said = prefect.run(
        STATES, prefect.flow, program, notified.url, "0", "1,0", "1", *REFUSALS,
        more={"TRAINER_PYTHON": str(stand_in_trainer(folder)), "LOCKSTEP_PROGRAM": str(program)},
    )  # fmt: skip
    return json.loads(said.splitlines()[-1]), said, program


def test_tries_are_bounded_and_wait_longer_each_time(
    ended: tuple[dict[str, Any], str, Path],
) -> None:
    said = ended[0]
    assert said["others"] == [0, 2, 2]
    assert (said["retries"], said["waits"]) == (5, [60, 120, 240, 480, 960])


@pytest.mark.parametrize(("codes", "calls"), [("0", 1), ("1,0", 2)])
def test_what_could_not_run_is_tried_again(
    ended: tuple[dict[str, Any], str, Path], codes: str, calls: int
) -> None:
    assert (ended[0][codes]["flow"], ended[0][codes]["calls"]) == ("COMPLETED", calls)


def test_after_all_tries_the_run_fails(ended: tuple[dict[str, Any], str, Path]) -> None:
    assert (ended[0]["1"]["flow"], ended[0]["1"]["calls"]) == ("FAILED", 6)


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_fails_at_once(ended: tuple[dict[str, Any], str, Path], code: str) -> None:
    assert (ended[0][code]["flow"], ended[0][code]["calls"]) == ("FAILED", 1)
    assert f"lockstep propose ended with exit code {code}" in ended[0][code]["message"]


def test_the_log_shows_what_lockstep_said(ended: tuple[dict[str, Any], str, Path]) -> None:
    assert ended[1].count(SAID) >= 9


def test_lockstep_gets_the_version_and_the_reason(
    ended: tuple[dict[str, Any], str, Path],
) -> None:
    asked = Path(f"{ended[2]}.asked").read_text().splitlines()
    options = ["--environment=prod", "--reason=a new version was trained", "--format=json"]
    assert asked == ["propose", *options, "--", "fraud-detection", "7"]


def test_only_a_contradiction_is_notified(
    ended: tuple[dict[str, Any], str, Path], notified: JsonServer
) -> None:
    (asked,) = notified.asked
    assert json.loads(asked.body)["subject"] == (
        "The registry contradicts what was recorded of prod/fraud-detection"
    )
