"""Requests of a simulated rollout: two versions, three regions, four metrics, three steps.

The canary has 1, 10 and 50 percent of the traffic, an hour each; what both versions share (a day's
ups and downs) and what only the candidate does (harm) are drawn apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""An array of numpy, whose types are not checked."""

WEIGHTS = (0.01, 0.10, 0.50)
REGIONS = ("eu", "us", "ap")


@dataclass(frozen=True)
class Metric:
    """A kind of bad request: its part of all requests, and the gate that compares it."""

    rate: float
    harm: float
    margin: float


METRICS: Mapping[str, Metric] = {
    "errors": Metric(0.002, 3.0, 0.5),
    "latency": Metric(0.01, 1.5, 0.3),
    "false-positives": Metric(0.03, 1.17, 0.1),
    "timeouts": Metric(0.005, 2.0, 0.5),
}


@dataclass(frozen=True)
class Scenario:
    """What happens: to the traffic, to both versions alike, and to the candidate alone.

    ``harm`` is how many times the bad requests of the stable version the candidate has, by metric
    and region; ``drift`` the part by which the rate of both goes up and down in four hours;
    ``bursts`` how many times the variance of chance the counts have; ``onset`` when harm begins
    (seconds); ``shift`` how much of the candidate's traffic, and of the stable version's, is of a
    segment with five times as many bad requests; ``regions`` how many have the candidate, as in a
    wave of one region.
    """

    name: str
    per_hour: int = 500_000
    harm: Mapping[tuple[str, str], float] = field(default_factory=dict)
    drift: float = 0.1
    bursts: float = 1.0
    onset: float = 0.0
    block: int = 300
    shift: tuple[float, float] = (0.0, 0.0)
    regions: int = len(REGIONS)


@dataclass(frozen=True)
class Draw:
    """One block of one rollout: requests by region, bad ones by metric and region, by segment."""

    start: float
    end: float
    totals: tuple[Array, ...]
    stable_totals: tuple[Array, ...]
    bad: tuple[Array, ...]
    stable_bad: tuple[Array, ...]


class Rollout:
    """The requests of one rollout, block by block, of any number of steps and hours."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._random = np.random.default_rng(seed)
        self._phase = self._random.uniform(0, 2 * np.pi)
        self.now = 0.0

    def block(self, weight: float) -> Draw:
        """The next block, in which the candidate has this part of the traffic."""
        scenario, random = self._scenario, self._random
        requests = scenario.per_hour * scenario.block // 3600
        level = 1 + scenario.drift * np.sin(2 * np.pi * self.now / 14_400 + self._phase)
        mine = random.binomial(requests, weight, len(REGIONS))
        totals = _split(random, mine, scenario.shift[0])
        stable_totals = _split(random, requests - mine, scenario.shift[1])
        harm = scenario.harm if self.now >= scenario.onset else {}
        bad, stable_bad = [], []
        for segment, (own, other) in enumerate(zip(totals, stable_totals, strict=True)):
            rates = np.array([[m.rate * level * (1, 5)[segment]] * len(REGIONS)
                              for m in METRICS.values()])  # fmt: skip
            ratios = np.array([[harm.get((m, r), 1.0) for r in REGIONS] for m in METRICS])
            bad.append(self._bad(own, np.minimum(1, rates * ratios)))
            stable_bad.append(self._bad(other, rates))
        start, self.now = self.now, self.now + scenario.block
        return Draw(start, self.now, totals, stable_totals, tuple(bad), tuple(stable_bad))

    def _bad(self, totals: Array, rates: Array) -> Array:
        totals = np.broadcast_to(totals, rates.shape)
        if self._scenario.bursts == 1:
            return self._random.binomial(totals, rates)
        # A negative binomial has the wanted ratio of variance and mean.
        size = np.maximum(totals * rates, 1e-9) / (self._scenario.bursts - 1)
        drawn = self._random.negative_binomial(size, 1 / self._scenario.bursts)
        return np.minimum(drawn, totals)


def _split(random: np.random.Generator, totals: Array, part: float) -> tuple[Array, ...]:
    """Requests by segment: all in one where no part is of the other."""
    if not part:
        return (totals,) if part == 0 else ()
    other = random.binomial(totals, part)
    return totals - other, other
