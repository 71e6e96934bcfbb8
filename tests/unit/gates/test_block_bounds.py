"""Bounds on counts in blocks: an interval for all looks, and the first failure counts."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from lockstep.gates.verdicts import judge
from lockstep.model.blocks import Block, Count
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Verdict
from lockstep.model.times import format_time

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
ERRORS: Json = {"name": "errors", "measure": "error_ratio", "max": 0.02}
TRAFFIC: Json = {"name": "traffic", "measure": "throughput", "min": 5}


def block(n: int, count: Count | None, missing: str = "", segment: str = "") -> Block:
    start = SINCE + timedelta(minutes=5 * n)
    return Block(format_time(start), format_time(start + timedelta(minutes=5)), count, None,
                 segment, missing)  # fmt: skip


def judged(gate: Json, *counts: Count | None) -> tuple[Verdict, str]:
    blocks = tuple(
        block(n, count, "" if count else "no sample at its end") for n, count in enumerate(counts)
    )
    return judge(gate, Answer("q", blocks=blocks), SINCE, SINCE + timedelta(hours=9))


def test_a_ratio_is_compared_by_its_interval() -> None:
    assert judged(ERRORS, Count(5, 1000))[0] is Verdict.PASS
    assert judged(ERRORS, Count(18, 1000))[0] is Verdict.INCONCLUSIVE
    verdict, reason = judged(ERRORS, Count(60, 1000))
    assert verdict is Verdict.FAIL
    assert reason == (
        "0.06, 60 of 1000 requests (0.0425 to 0.08407 at confidence 0.99 over all looks), "
        "must be at most 0.02"
    )


def test_a_rate_is_compared_by_its_interval() -> None:
    assert judged(TRAFFIC, Count(0, 1700))[0] is Verdict.PASS
    assert judged(TRAFFIC, Count(0, 1500))[0] is Verdict.INCONCLUSIVE
    assert judged(TRAFFIC, Count(0, 1200))[0] is Verdict.FAIL
    verdict, reason = judged(TRAFFIC, Count(0, 0))
    assert verdict is Verdict.INCONCLUSIVE and "0 requests, 1 needed" in reason


def test_the_first_failure_counts_though_better_blocks_follow() -> None:
    bad, good = Count(60, 1000), Count(0, 100_000)
    assert judged(ERRORS, bad, good)[0] is Verdict.FAIL
    assert judged(ERRORS, good, bad)[0] is Verdict.PASS


def test_blocks_of_several_segments_are_of_the_same_time() -> None:
    both = (block(0, Count(0, 900)), block(0, Count(0, 900), segment="vip"))
    verdict, reason = judge(TRAFFIC, Answer("q", blocks=both), SINCE, SINCE)
    assert verdict is Verdict.PASS and reason.startswith("6 requests a second")


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ((), "no block of this step has closed yet"),
        ((Count(0, 9000), None), "the newest block, from 2026-03-01T12:05:00Z, is missing: no"),
        ((None, None, Count(0, 9000)), "2 of 3 blocks are missing: no sample at its end"),
    ],
)  # fmt: skip
def test_what_is_missing_never_passes(counts: tuple[Count | None, ...], says: str) -> None:
    verdict, reason = judged(ERRORS, *counts)
    assert verdict is Verdict.INCONCLUSIVE and says in reason


def test_the_newest_block_of_any_segment_may_not_be_missing() -> None:
    blocks = (
        block(0, Count(0, 9000), segment="retail"), block(0, Count(0, 9000), segment="travel"),
        block(1, None, "no sample", segment="retail"), block(1, Count(0, 9000), segment="travel"),
    )  # fmt: skip
    verdict, reason = judge(ERRORS, Answer("q", blocks=blocks), SINCE, SINCE + timedelta(hours=1))
    assert verdict is Verdict.INCONCLUSIVE
    assert reason == "the newest block, from 2026-03-01T12:05:00Z, is missing: no sample"
    assert judge(ERRORS, Answer("q", blocks=blocks[:2]), SINCE, SINCE)[0] is Verdict.PASS


def test_what_is_missing_hides_no_failure() -> None:
    assert judged(ERRORS, Count(60, 1000), None)[0] is Verdict.FAIL


def test_too_few_requests_are_inconclusive() -> None:
    gate = ERRORS | {"minSamples": 5000}
    verdict, reason = judged(gate, Count(0, 4000))
    assert verdict is Verdict.INCONCLUSIVE and "4000 requests, 5000 needed" in reason
    assert judged(gate, Count(0, 4000), Count(0, 4000))[0] is Verdict.PASS


def test_many_looks_fail_few_harmless_versions() -> None:
    """At exactly the bound: a repeated interval at 0.99 fails about a tenth of 36 looks."""
    rng = random.Random(5)
    failed = 0
    for _ in range(100):
        bad = (sum(rng.random() < 0.02 for _ in range(500)) for _ in range(36))
        failed += judged(ERRORS, *(Count(each, 500) for each in bad))[0] is Verdict.FAIL
    assert failed <= 2


@pytest.mark.parametrize(
    ("gate", "count"),
    [
        ({"confidence": 2}, Count(1, 10)),
        ({"max": "much"}, Count(1, 10)),
        ({"minSamples": None}, Count(1, 10)),
        ({}, Count(11, 10)),
        ({}, Count(-1, 10)),
    ],
)
def test_what_is_not_valid_is_an_error(gate: Json, count: Count) -> None:
    assert judged(ERRORS | gate, count)[0] is Verdict.ERROR


def test_a_time_that_is_not_valid_is_an_error() -> None:
    odd = Block("noon", "later", Count(1, 1000))
    verdict, reason = judge(ERRORS, Answer("q", blocks=(odd,)), SINCE, SINCE)
    assert verdict is Verdict.ERROR and "the blocks are not valid" in reason
