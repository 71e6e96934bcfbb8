"""Ways to judge a simulated rollout: the program's own, and those that people use instead."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from lockstep.gates.comparison import Comparison, FamilyProcess, evidence_of
from lockstep.gates.eprocess import fresh_starts
from lockstep.gates.family_verdict import margin_factor
from lockstep.gates.pairs import Pair
from lockstep.model.blocks import Count
from tests.bench.gates.traffic import METRICS, REGIONS, WEIGHTS, Array, Draw, Rollout, Scenario

HOUR = 3600.0
HALF_AN_HOUR = 1800.0
"""How often somebody looks whether a step may end, once it has baked."""

LONGEST = 24 * HOUR
"""How long a rollout is followed: one that waits, and one that went through with all traffic."""

Fails = Callable[[Array, Array, Array, Array], Array]
"""Whether totals fail, by metric and region: requests and bad ones of candidate and stable."""

DENOMINATOR = len(METRICS) * len(REGIONS)


@dataclass(frozen=True)
class Outcome:
    """How a rollout ended: ``rolled_back`` and ``finished`` exclude each other.

    ``requests`` are those of the candidate in the first region until then, and ``seconds`` is how
    long it took.
    """

    rolled_back: bool
    finished: bool
    requests: int
    seconds: float


Judge = Callable[[Scenario, int], Outcome]
"""How one rollout of a scenario ends, by its seed."""


def by_evidence(scenario: Scenario, seed: int, *, pooled: bool = False) -> Outcome:
    """As Lockstep does it: three verdicts, block by block, with its own code.

    ``pooled`` leaves the segments out, to show what they are good for.
    """
    rollout = Rollout(scenario, seed)
    gates = {name: Comparison(m.harm, m.margin) for name, m in METRICS.items()}
    began = [0.0]
    blocks: dict[tuple[str, str], list[Pair]] = {}
    requests = 0
    for step, weight in enumerate(WEIGHTS):
        began = [*began[:step], rollout.now]
        family = _replayed(gates, blocks, starts(began))
        while True:
            draw = rollout.block(weight)
            requests += sum(int(total[0]) for total in draw.totals)
            new = pairs_of_draw(draw, pooled, scenario.regions)
            for key, pairs in new.items():
                blocks.setdefault(key, []).extend(pairs)
            family.add(draw.end, new)
            if family.evidence().crossing:
                return Outcome(True, False, requests, rollout.now)
            baked = rollout.now - began[step]
            if baked >= HOUR and baked % HALF_AN_HOUR == 0 and _passes(blocks, weight):
                break
            if rollout.now >= LONGEST:
                return Outcome(False, False, requests, rollout.now)
    return _through(scenario, requests, rollout)


def _through(scenario: Scenario, requests: int, rollout: Rollout) -> Outcome:
    """The candidate serves alone, and nobody looks until the end of the day."""
    later = int(scenario.per_hour * (LONGEST - rollout.now) / HOUR)
    return Outcome(False, True, requests + later, rollout.now)


def starts(began: Sequence[float]) -> list[tuple[float, float]]:
    """The starts of evidence, by when the steps so far began (seconds)."""
    later = [*began[1:], *[math.inf] * len(WEIGHTS)][: len(WEIGHTS) - 1]
    return fresh_starts(-math.inf, later)


def _replayed(
    gates: dict[str, Comparison],
    blocks: dict[tuple[str, str], list[Pair]],
    starts: Sequence[tuple[float, float]],
) -> FamilyProcess:
    family = FamilyProcess(gates, starts, DENOMINATOR)
    for edge in sorted({p.end for pairs in blocks.values() for p in pairs}):
        family.add(edge, {key: [p for p in pairs if p.end == edge]
                          for key, pairs in blocks.items()})  # fmt: skip
    return family


def _passes(blocks: dict[tuple[str, str], list[Pair]], weight: float) -> bool:
    times = margin_factor(round(100 * weight))
    gates = {name: Comparison(m.harm, m.margin * times) for name, m in METRICS.items()}
    found = evidence_of(gates, blocks, [(-math.inf, 1.0)], DENOMINATOR)
    return all(found.passes(*key) for key in blocks)


def pairs_of_draw(
    draw: Draw, pooled: bool = False, regions: int = len(REGIONS)
) -> dict[tuple[str, str], list[Pair]]:
    """A block as the gates get it, by metric and region; ``pooled`` leaves segments out."""
    found: dict[tuple[str, str], list[Pair]] = {}
    for m, metric in enumerate(METRICS):
        for r, region in enumerate(REGIONS[:regions]):
            counts = [
                (Count(int(bad[m, r]), int(total[r])), Count(int(other[m, r]), int(rest[r])))
                for bad, total, other, rest in zip(
                    draw.bad, draw.totals, draw.stable_bad, draw.stable_totals, strict=True
                )
            ]
            if pooled:
                counts = [(_sum(c for c, _ in counts), _sum(s for _, s in counts))]
            found[metric, region] = [
                Pair(draw.start, draw.end, mine, theirs, str(n))
                for n, (mine, theirs) in enumerate(counts)
                if mine.total and theirs.total
            ]
    return found


def _sum(counts: Iterable[Count]) -> Count:
    listed = list(counts)
    return Count(sum(c.bad for c in listed), sum(c.total for c in listed))


@dataclass(frozen=True)
class Limits:
    """Bounds on the rates of the candidate, by metric, from so many requests of a step on."""

    rates: tuple[float, ...]
    fewest: int


def by_threshold(scenario: Scenario, seed: int, limits: Limits) -> Outcome:
    """A bound on each rate of the candidate in the step so far, looked at after every block."""
    rates = np.array(limits.rates)[:, None]

    def fails(mine: Array, bad: Array, _rest: Array, _other: Array) -> Array:
        return (bad / np.maximum(mine, 1) > rates) & (mine >= limits.fewest)

    return _by_totals(scenario, seed, fails)


def by_z_test(scenario: Scenario, seed: int, level: float = 0.05) -> Outcome:
    """A one-sided test of two proportions on the step so far, repeated after every block."""
    limit = NormalDist().inv_cdf(1 - level)

    def fails(mine: Array, bad: Array, rest: Array, other: Array) -> Array:
        pooled = (bad + other) / np.maximum(mine + rest, 1)
        error = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(mine, 1) + 1 / rest))
        return (bad / np.maximum(mine, 1) - other / rest) > limit * np.maximum(error, 1e-12)

    return _by_totals(scenario, seed, fails)


def _by_totals(scenario: Scenario, seed: int, fails: Fails) -> Outcome:
    """Judged on the totals of each step, which takes exactly an hour."""
    rollout, requests = Rollout(scenario, seed), 0
    for step, weight in enumerate(WEIGHTS):
        sums: list[Array] = [np.zeros(1, dtype=np.int64)] * 4
        while rollout.now < (step + 1) * HOUR:
            draw = rollout.block(weight)
            new = (draw.totals, draw.bad, draw.stable_totals, draw.stable_bad)
            sums = [before + sum(each) for before, each in zip(sums, new, strict=True)]
            requests += sum(int(total[0]) for total in draw.totals)
            if np.any(fails(*sums)):
                return Outcome(True, False, requests, rollout.now)
    return _through(scenario, requests, rollout)


def highest_rates(scenario: Scenario, seed: int, fewest: int) -> Array:
    """The highest rate that each metric of the candidate has after any block of a rollout.

    Of blocks after which a step has at least ``fewest`` requests.
    """
    rollout, highest = Rollout(scenario, seed), np.zeros(len(METRICS))
    for step, weight in enumerate(WEIGHTS):
        mine, bad = np.zeros(1), np.zeros(1)
        while rollout.now < (step + 1) * HOUR:
            draw = rollout.block(weight)
            mine, bad = mine + sum(draw.totals), bad + sum(draw.bad)
            rates = np.where(mine >= fewest, bad / np.maximum(mine, 1), 0)
            highest = np.maximum(highest, rates.max(axis=1))
    return highest


def tuned_limits(scenario: Scenario, fewest: int, count: int, allowed: float = 0.01) -> Limits:
    """Bounds that one of a hundred harmless rollouts exceeds: known only with hindsight."""
    found = np.array([highest_rates(scenario, seed, fewest) for seed in range(count)])
    # All metrics together are exceeded so rarely if each of them is exceeded by its part of that.
    rates = np.quantile(found, 1 - allowed / len(METRICS), axis=0)
    return Limits(tuple(float(each) for each in rates), fewest)
