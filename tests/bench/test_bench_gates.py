"""The simulation of gates: what goes in, and what each way of judging makes of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.gates.__main__ import Summary, aims, best_limits, scenarios
from tests.bench.gates.judges import by_evidence, by_threshold, by_z_test
from tests.bench.gates.traffic import METRICS, REGIONS, Rollout, Scenario

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_candidate_gets_its_part_of_the_requests_and_the_harm_is_its_own() -> None:
    scenario = Scenario("", harm={("errors", "eu"): 3.0}, drift=0.0, per_hour=50_000_000)
    draw = Rollout(scenario, 1).block(0.1)
    total, stable = draw.totals[0].sum(), draw.stable_totals[0].sum()
    assert total / (total + stable) == pytest.approx(0.1, rel=0.01)
    rates = draw.bad[0] / draw.totals[0] / (draw.stable_bad[0] / draw.stable_totals[0])
    assert draw.bad[0].shape == (len(METRICS), len(REGIONS))
    assert rates[0, 0] == pytest.approx(3, rel=0.05)
    assert rates[1:].mean() == pytest.approx(1, rel=0.05)


def test_bursts_have_the_variance_that_they_say() -> None:
    rollout = Rollout(Scenario("", drift=0.0, bursts=4.0), 1)
    bad = [int(rollout.block(0.5).bad[0][2, 0]) for _ in range(400)]
    mean = sum(bad) / len(bad)
    variance = sum((each - mean) ** 2 for each in bad) / (len(bad) - 1)
    assert variance / mean == pytest.approx(4, rel=0.25)


def test_each_way_of_judging_sees_the_same_rollout() -> None:
    known = scenarios()
    harmless, harmed = known["harmless"], known["three times the errors"]
    assert by_evidence(harmless, 1).finished and by_evidence(harmed, 1).rolled_back
    assert by_z_test(harmless, 1).rolled_back, "many looks at 5 % roll a harmless version back"
    limits = best_limits(harmless, harmed, 8)
    assert by_threshold(harmed, 1, limits).rolled_back


def test_segments_keep_another_mix_apart() -> None:
    mix = scenarios()["harmless, another mix of segments"]
    assert by_evidence(mix, 1).finished
    assert by_evidence(mix, 1, pooled=True).rolled_back


def test_what_is_not_reached_is_named() -> None:
    found = [
        Summary(name, judge, 10, 0.5, 0.5, 30_000.0, 90_000.0, 4.0)
        for name in scenarios()
        for judge in ("evidence", "tuned threshold")
    ]
    assert not any(aim.reached for aim in aims(found) if not aim.what.startswith("exposure"))


def test_a_run_prints_every_figure(tmp_path: Path) -> None:
    output = tmp_path / "gates.json"
    command = [
        sys.executable,
        "-m",
        "tests.bench.gates",
        "--rollouts",
        "4",
        "--output",
        str(output),
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    data = json.loads(output.read_text())
    assert {each["judge"] for each in data["rollouts"]} >= {"evidence", "z-test at 5 %"}
    assert "harm that reaches 100 %" in done.stdout and len(data["aims"]) == 15
