"""The bench measures a clean fleet of the requested size, which is always the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.fleet import LARGEST_FAMILY, make_families, make_fleet

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
    small = ["--clusters", "6", "--families", "2"]
    command = [sys.executable, "-m", "tests.bench", *small, "--output", str(output)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(output.read_text())
    stages = {row["stage"]: row for row in result["stages"]}
    assert {"load", "validate", "policy", "render", "compare", "lockstep check"} <= stages.keys()
    assert all(row[run]["seconds"] > 0 for row in stages.values() for run in ("cold", "again"))
    assert result["advance"]["families"] == 2
    assert all(seconds > 0 for seconds in result["advance"].values())
    assert result["machine"]["cores"] >= 1
    assert "lockstep check" in done.stdout
