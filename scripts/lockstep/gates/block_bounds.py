"""Bounds on what a source counted in blocks: of the candidate alone, since the step began.

The sum of all blocks so far is compared with the bound at the end of each block, in order, and the
first failure counts: so it does not depend on when anybody looked. Each look has its own part of
the error, ``6 / (pi * k) ** 2`` for the k-th, which add up to 1 however many there are.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from statistics import NormalDist

from lockstep.gates.intervals import Interval, wilson
from lockstep.gates.measurements import InvalidGate, number
from lockstep.gates.pairs import require_possible
from lockstep.model.blocks import COUNTS, Block, Count
from lockstep.model.document import Json
from lockstep.model.evidence import Verdict
from lockstep.model.times import parse_time

CONFIDENCE = 0.99
"""Of the intervals, over all looks together, where the gate gives none."""

THROUGHPUT = "throughput"
"""The measure that is a rate, requests per second; all others are proportions of requests."""

Judgement = tuple[Verdict, str]
"""A verdict and its reason, which says the numbers."""


def counts_in_blocks(gate: Mapping[str, Json]) -> bool:
    """Whether a gate's source answers with blocks, and not with one number."""
    return "measure" in gate or COUNTS in gate


def why_wait(blocks: Sequence[Block]) -> str:
    """Why blocks show too little for a pass, however good they are; empty where they do not."""
    if not blocks:
        return "no block of this step has closed yet"
    missing = [block for block in blocks if _is_missing(block)]
    # Of any segment: the one that nobody measures may be the one that is harmed.
    newest = next((block for block in missing if block.end == blocks[-1].end), None)
    if newest:
        return f"the newest block, from {newest.start}, is missing: {_why(newest)}"
    if 2 * len(missing) > len(blocks):
        return f"{len(missing)} of {len(blocks)} blocks are missing: {_why(missing[-1])}"
    return ""


def judge_block_bound(name: str, gate: Mapping[str, Json], blocks: Sequence[Block]) -> Judgement:
    """The verdict of one bound, ``min`` or ``max``.

    Reads ``measure``, ``minSamples`` and ``confidence``. Raises InvalidGate where a setting is not
    valid, ValueError for counts and times that cannot be.
    """
    bound, needed = number(gate, name), number(gate, "minSamples", 1)
    last: Judgement | None = None
    for look, (count, lasted) in enumerate(_sums(blocks), 1):
        if count.total >= needed:
            last = _at_look(name, bound, gate, count, lasted, look)
            if last[0] is Verdict.FAIL:
                return last
    if waiting := why_wait(blocks):
        return Verdict.INCONCLUSIVE, waiting
    if last is None:
        total = sum(block.candidate.total for block in blocks if block.candidate)
        return Verdict.INCONCLUSIVE, f"candidate: {total} requests, {needed:g} needed"
    return last


def _sums(blocks: Sequence[Block]) -> Iterator[tuple[Count, timedelta]]:
    """What was counted of the candidate up to the end of each block, and in how much time."""
    sums: dict[str, tuple[int, int, timedelta]] = {}
    bad, total, lasted, ended = 0, 0, timedelta(), set()
    for block in blocks:
        if block.candidate is None:
            continue
        require_possible(block.candidate)
        bad, total = bad + block.candidate.bad, total + block.candidate.total
        # Blocks of several segments are of the same time.
        if block.end not in ended:
            lasted += parse_time(block.end) - parse_time(block.start)
            ended.add(block.end)
        sums[block.end] = bad, total, lasted
    for bad, total, lasted in sums.values():
        yield Count(bad, total), lasted


def _at_look(
    name: str, bound: float, gate: Mapping[str, Json], count: Count, lasted: timedelta, look: int
) -> Judgement:
    confidence = number(gate, "confidence", CONFIDENCE)
    if not 0 < confidence < 1:
        raise InvalidGate(f"confidence {confidence:g} is not between 0 and 1")
    at_look = 1 - (1 - confidence) * 6 / (math.pi * look) ** 2
    if gate.get("measure") == THROUGHPUT:
        value, span = _rate(count.total, lasted.total_seconds(), at_look)
        what = f"{value:.6g} requests a second"
    else:
        value = count.bad / count.total
        span = wilson(value, count.total, at_look)
        what = f"{value:.6g}, {count.bad} of {count.total} requests"
    inside, beyond = (
        (span.low >= bound, span.high < bound)
        if name == "min"
        else (span.high <= bound, span.low > bound)
    )
    relation = "at least" if name == "min" else "at most"
    verdict = Verdict.PASS if inside else Verdict.FAIL if beyond else Verdict.INCONCLUSIVE
    return verdict, (
        f"{what} ({span.low:.4g} to {span.high:.4g} at confidence {confidence:g} "
        f"over all looks), must be {relation} {bound:g}"
    )


def _rate(total: int, seconds: float, confidence: float) -> tuple[float, Interval]:
    """Events per second, with an interval for a Poisson count.

    By the variance-stabilising square root: Anscombe, F. J. (1948), "The transformation of
    Poisson, binomial and negative-binomial data", Biometrika 35, 246-254.
    """
    half = NormalDist().inv_cdf((1 + confidence) / 2) / 2
    root = math.sqrt(total)
    low, high = max(0.0, root - half) ** 2, (root + half) ** 2
    return total / seconds, Interval(low / seconds, high / seconds)


def _is_missing(block: Block) -> bool:
    return block.candidate is None or bool(block.missing)


def _why(block: Block) -> str:
    return block.missing or "the candidate was not measured"
