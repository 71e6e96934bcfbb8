"""Rollouts on counts that a job logs to MLflow by block: held, moved by them, and rolled back."""

import math
from typing import Any

import pytest

from tests.acceptance.logged_counts import log
from tests.acceptance.rollouts import DAY, HEAD, assert_restored, rewrite
from tests.acceptance.world import FAMILY, World

GATE = (
    '  gates:\n    - {name: wrong, source: mlflow, counts: fpr, dataset: "live-{region}", '
    "block: 1m, compare: {harm: 3}}\n"
)
STABLE = (200, 20_000)
FAILED_AT = "2026-03-01T08:10:00Z"
"""The end of the ninth block since the step is live, whoever looks when."""


def roll(world: World, at: str = "08:00:30") -> None:
    """A rollout at its first step, 10 percent in one region."""
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", GATE))
    world.must("check")
    world.merge_proposal()
    world.must("advance", FAMILY, at=f"{DAY}{at}Z")


def advance(world: World, time: str) -> tuple[int, str]:
    found = world.lockstep("advance", FAMILY, at=f"{DAY}{time}:00Z")
    world.git("pull", "--quiet")
    return found


def evidence(record: Any) -> Any:
    (item,) = [each for each in record["spec"]["evidence"] if each["gate"]["name"] == "wrong"]
    return item


def test_a_healthy_canary_moves_on_with_the_numbers(world: World) -> None:
    roll(world)
    log(world, "1", [STABLE] * 60)
    log(world, "2", [(20, 2_000)] * 60)
    code, said = advance(world, "09:01")
    assert code == 0, said
    found = evidence(world.records()[-1])
    blocks = found["answer"]["blocks"]
    assert found["verdict"] == "pass" and found["comparison"]["noHarm"] >= 20
    assert len(blocks) == 59 and blocks[0]["start"] == "2026-03-01T08:01:00Z", "of the clock"
    assert blocks[0]["candidate"] == {"bad": 20, "total": 2000}
    assert world.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


@pytest.mark.parametrize("looked", ["08:40", "08:52"])
def test_a_bad_canary_is_rolled_back_whenever_somebody_looks(world: World, looked: str) -> None:
    roll(world)
    log(world, "1", [STABLE] * 60)
    log(world, "2", [(70, 2_000)] * 60)
    assert "rolled back" not in advance(world, "08:09")[1], "too early to know the variance"
    code, said = advance(world, looked)
    assert code == 12 and "prod/scoring: version 2 is rolled back" in said, said
    assert_restored(world)
    found = evidence(world.records()[-2])
    assert (found["verdict"], found["comparison"]["failedAt"]) == ("fail", FAILED_AT)
    assert world.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


def test_a_canary_waits_while_its_newest_block_is_a_gap(world: World) -> None:
    roll(world)
    log(world, "1", [STABLE] * 62)
    log(world, "2", [(20, 2_000)] * 59)
    log(world, "3", [(20, 2_000)] * 62)
    before = len(world.records())
    code, said = advance(world, "09:01")
    assert code == 12, said
    assert "the newest block, from 2026-03-01T08:59:00Z, is missing: candidate: no fpr.bad" in said
    assert len(world.records()) == before
    log(world, "2", [(20, 2_000)], first=60)
    assert advance(world, "09:01")[0] == 0, "it came late"


def test_counts_that_cannot_be_hold_until_a_person_starts_the_blocks_anew(world: World) -> None:
    roll(world)
    log(world, "1", [STABLE] * 180)
    log(world, "2", [(20, 2_000), (math.nan, 2_000)], first=1)
    log(world, "2", [(20, 2_000)] * 177, first=3)
    code, said = advance(world, "09:01")
    assert (
        code == 12 and "wrong in scoring-us-east-1: could not be asked: candidate: fpr.bad" in said
    )
    assert "at 2026-03-01T08:02:00Z is nan, which is no count" in said
    world.must("hold", FAMILY, "--reason", "the job logs NaN", at=f"{DAY}09:05:00Z")
    world.must("resume", FAMILY, "--reason", "it is corrected", at=f"{DAY}09:10:00Z")
    code, said = advance(world, "10:11")
    assert code == 0, said
    blocks = evidence(world.records()[-1])["answer"]["blocks"]
    assert blocks[0]["start"] == "2026-03-01T09:10:00Z" and len(blocks) == 60
