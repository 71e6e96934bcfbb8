"""The bench measures a clean fleet of the requested size, which is always the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.checks import AGAIN, BARE, HELP, ONE_COLD, ONE_WARM, PYTHON, STAGED, WHOLE
from tests.bench.fleet import LARGEST_FAMILY, make_families, make_fleet
from tests.bench.processes import Samples
from tests.bench.ratios import ratios
from tests.bench.rollouts import AdvanceTimes

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("clusters", [1, 6, 100])
def test_the_fleet_has_the_requested_size(clusters: int) -> None:
    files = make_fleet(clusters)
    specs = [path for path, data in files.items() if b"kind: ModelCluster" in data]
    families = {path.rsplit("/", 1)[0] for path in specs}
    assert len(specs) == clusters
    assert -(-clusters // LARGEST_FAMILY) <= len(families) <= -(-clusters // 3)
    assert files == make_fleet(clusters)


def test_a_number_of_families_is_the_beginning_of_a_fleet() -> None:
    files = make_families(3)
    heads = {path for path in files if path.endswith("/family.yaml")}
    assert len(heads) == 3
    assert heads < make_fleet(100).keys()


def test_a_run_gives_a_figure_for_each_stage_of_a_clean_check(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    small = ["--clusters", "6", "--families", "2", "--runs", "1"]
    command = [sys.executable, "-m", "tests.bench", *small, "--output", str(output)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(output.read_text())
    assert {"load", "validate", "policy", "render", "compare"} <= result["stages"].keys()
    programs = {row["program"]: row for row in result["programs"]}
    assert {WHOLE, AGAIN, ONE_COLD, ONE_WARM, STAGED, BARE} <= programs.keys()
    assert all(row["seconds"][0] > 0 and row["peakMiB"] > 1 for row in programs.values())
    assert len(result["ratios"]) == 6
    assert result["advance"]["families"] == 2
    assert all(seconds > 0 for seconds in result["advance"].values())
    assert result["machine"]["cores"] >= 1
    assert "check --all" in done.stdout


def test_each_ratio_is_of_the_best_runs() -> None:
    def samples(*seconds: float) -> Samples:
        return Samples(list(seconds), [1.0])

    small = {WHOLE: samples(12, 30), AGAIN: samples(1), ONE_COLD: samples(3), ONE_WARM: samples(2),
             BARE: samples(10), HELP: samples(0.5), PYTHON: samples(0.1)}  # fmt: skip
    checks = {1000: small, 10000: {WHOLE: samples(132), ONE_WARM: samples(8)}}
    found = list(ratios(checks, AdvanceTimes(200, one=1, many=2, rollback=3, mlflow=1)))
    assert [round(each.measured, 3) for each in found] == [
        1.2, 0.25, 0.167, 0.083, 4, 1.1, 2, 5,
    ]  # fmt: skip
    assert [each.holds for each in found] == [True, True, False, False, False, True, True, True]
