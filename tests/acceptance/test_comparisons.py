"""Rollouts on the evidence of a real Prometheus: held without it, moved by it, and rolled back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.prometheus_server import History, Samples, needs_prometheus, prometheus
from tests.acceptance.rollouts import DAY, HEAD, assert_restored, rewrite
from tests.acceptance.world import FAMILY, World

pytestmark = needs_prometheus

SETTINGS = "clusters/prod/environment.yaml"
GATE = (
    "  gates:\n    - {name: errors, source: prometheus, measure: error_ratio, block: 1m, "
    "compare: {harm: 3}}\n"
)
BEGIN = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
MINUTES = 300
FAILED_AT = "2026-03-01T08:09:00Z"
"""The end of the ninth block, whoever looks when."""


def requests(workload: str, a_minute: int, errors: float) -> History:
    """Counters of one pod, scraped every half minute; of its requests ``errors`` in a hundred."""
    good, bad = samples(a_minute, 1 - errors / 100), samples(a_minute, errors / 100)
    labels = (
        f'reporter="destination",destination_workload="{workload}",pod="{workload}-a",'
        'destination_workload_namespace="scoring",response_code='
    )
    return {
        f'istio_requests_total{{{labels}"200"}}': good,
        f'istio_requests_total{{{labels}"500"}}': bad,
    }


def samples(a_minute: int, part: float) -> Samples:
    return [
        (BEGIN + timedelta(seconds=30 * n), float(int(n * a_minute / 2 * part)))
        for n in range(2 * MINUTES)
    ]


def traffic(candidate: int, errors: float) -> History:
    """Of both versions in the first region: 20,000 requests a minute of the stable version."""
    up = {"up": [(moment, 1.0) for moment, _ in samples(1, 1)]}
    stable = requests("scoring-us-east-1-v1", 20_000, 1)
    return {**up, **stable, **requests("scoring-us-east-1-v2", candidate, errors)}


@contextmanager
def rolling(world: World, history: History, folder: Path) -> Iterator[World]:
    """A rollout at its first step, 10 percent in one region, since 08:00."""
    with prometheus(history, folder) as url:
        rewrite(
            world,
            SETTINGS,
            lambda text: re.sub(
                r"(destination: prod-us-east-1)\}", rf'\1, prometheus: "{url}"}}', text
            ).replace(
                "destination: prod-eu-west-1,", f'destination: prod-eu-west-1, prometheus: "{url}",'
            ),
        )
        rewrite(world, HEAD, lambda text: text.replace("  gates:\n", GATE))
        world.must("check")
        world.merge_proposal()
        world.must("advance", FAMILY, at=f"{DAY}08:00:00Z")
        yield world


def advance(world: World, time: str) -> tuple[int, str]:
    found = world.lockstep("advance", FAMILY, at=f"{DAY}{time}:00Z")
    world.git("pull", "--quiet")
    return found


def evidence(world: World) -> Any:
    (item,) = [each for each in world.records()[-1]["spec"]["evidence"]
               if each["gate"]["name"] == "errors"]  # fmt: skip
    return item


def test_a_canary_is_held_for_lack_of_evidence(world: World, tmp_path: Path) -> None:
    with rolling(world, traffic(4, 1), tmp_path / "few") as held:
        before = len(held.records())
        code, said = advance(held, "08:30")
        assert code == 12 and "baking until 2026-03-01T09:00:00Z" in said, said
        code, said = advance(held, "09:05")
        assert code == 12, said
        shown = re.search(r"errors in scoring-us-east-1: (\d+) of (\d+) requests bad", said)
        assert shown and int(shown[2]) == 4 * 64, said
        weak = re.search(r"evidence that it is at most 125% more: ([0-9.]+), 20 needed", said)
        assert weak and float(weak[1]) < 5, said
        assert len(held.records()) == before


def test_a_healthy_canary_moves_on_with_the_numbers(world: World, tmp_path: Path) -> None:
    with rolling(world, traffic(2_000, 1), tmp_path / "healthy") as moving:
        assert advance(moving, "08:59")[0] == 12, "it bakes"
        code, said = advance(moving, "09:01")
        assert code == 0, said
        found = evidence(moving)
        assert found["verdict"] == "pass" and len(found["answer"]["blocks"]) == 60
        result = found["comparison"]
        assert result["noHarm"] >= 20 > result["harm"] and result["denominator"] == 2
        record = moving.records()[-1]["spec"]
        assert record["liveSince"] == found["since"] == "2026-03-01T08:00:00Z"
        assert moving.records()[-3]["spec"]["plan"]["comparisons"]["errors"] == {
            "clusters": ["scoring-eu-west-1", "scoring-us-east-1"], "compare": {"harm": 3},
        }  # fmt: skip
        assert moving.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


def test_a_bad_canary_is_rolled_back_before_it_has_baked(world: World, tmp_path: Path) -> None:
    with rolling(world, traffic(2_000, 3.5), tmp_path / "bad") as harmed:
        # Too early to know how much the counts vary by chance alone.
        code, said = advance(harmed, "08:08")
        assert code == 12 and "rolled back" not in said, said
        code, said = advance(harmed, "08:40")
        assert code == 12 and "prod/scoring: version 2 is rolled back" in said, said
        assert_restored(harmed)
        shift = harmed.records()[-2]["spec"]
        (found,) = (item for item in shift["evidence"] if item["gate"]["name"] == "errors")
        assert (shift["verdict"], found["verdict"]) == ("fail", "fail")
        assert re.search(r"\(3\.\d+%\), of the stable version's \d+ 1\.\d+%; at 2026", said), said
        assert "the family's evidence of harm was" in shift["reason"]
        assert found["comparison"]["failedAt"] == FAILED_AT
        assert harmed.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


@pytest.mark.parametrize("later", ["08:40", "08:58"])
def test_when_it_fails_does_not_depend_on_when_somebody_looks(
    world: World, tmp_path: Path, later: str
) -> None:
    with rolling(world, traffic(2_000, 3.5), tmp_path / "bad") as harmed:
        assert "is rolled back" in advance(harmed, later)[1]
        (found,) = (item for item in harmed.records()[-2]["spec"]["evidence"]
                    if item["gate"]["name"] == "errors")  # fmt: skip
        assert found["comparison"]["failedAt"] == FAILED_AT


def test_without_its_prometheus_a_canary_waits(world: World, tmp_path: Path) -> None:
    with rolling(world, traffic(2_000, 1), tmp_path / "gone"):
        pass
    code, said = advance(world, "09:05")
    assert code == 12 and "errors in scoring-us-east-1: could not be asked" in said, said
