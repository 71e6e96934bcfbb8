"""Whether a candidate is worse than the baseline, however often one looks: a conditional e-process.

In a block the candidate had ``x_c`` bad requests of ``n_c``, the baseline ``x_s`` of ``n_s``. Given
the sum of the bad ones and the candidate's share ``w`` of the requests, how many of them fall on
the candidate depends on the relative risk alone: the base rate, and what both versions share of a
day's ups and downs, cancel. For a relative risk ``theta`` against the tolerated one ``theta_0``,
with ``r = theta / theta_0``, a block multiplies the evidence by::

    e(theta) = r ** x_c * ((1 - w + w * theta_0) / (1 - w + w * theta)) ** (x_c + x_s)

The evidence ``E`` is the mean of these products over several ``theta``, with weights that are fixed
beforehand. If the relative risk is ``theta_0``, ``E`` is at most 1 on average at any time, so the
probability that it ever reaches ``1 / alpha`` is at most ``alpha`` (Ville's inequality). Means of
such processes are such processes.

Sources: Lindon and Malek 2022, "Anytime-valid inference for multinomial count data"
(arXiv 2011.03567), for the conditional process; Vovk and Wang 2021, "E-values: calibration,
combination and applications", for means.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lockstep.gates.pairs import Pair

METHOD = "conditional-e-process/1"
"""The name and the version of the method, for records: a change of any number here raises it."""

ALPHA = 0.01
"""How many of the rollouts of harmless versions may be rolled back by comparisons."""

ENOUGH_TO_PASS = 20.0
"""The evidence against harm beyond the margin from which a comparison passes."""

_ON_THE_FIRST = 0.9
"""The weight of the process that runs from the beginning; the later ones share what is left."""

_LARGEST_RATIO = 15.0
_HARM = ((0.75, 0.30), (1.0, 0.35), (1.5, 0.20), (3.0, 0.10), (8.0, 0.05))
"""Powers of the harm worth catching, with their weights."""

_NO_HARM = (0.25, 0.5, 0.75, 1.0, 1.35, 1.8)
"""Powers of the margin, of equal weights."""


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """The tolerated relative risk, and those that are tested against it with their weights."""

    tolerated: float
    alternatives: tuple[tuple[float, float], ...]
    """Ratio ``r = theta / tolerated``, and weight; the weights add up to 1."""


def worse(harm: float, tolerated: float = 1.0) -> Hypotheses:
    """Is the candidate worse by about ``harm`` (1.17 is 17 % more bad requests)?

    Raises ValueError where the harm is not above 1, or nothing is tolerated.
    """
    if not harm > 1 or not tolerated > 0:
        raise ValueError(f"a harm of {harm} above a tolerated ratio of {tolerated}")
    ratios = ((min(harm**power, _LARGEST_RATIO), weight) for power, weight in _HARM)
    return Hypotheses(tolerated, tuple(ratios))


def not_worse(margin: float) -> Hypotheses:
    """Is the candidate less than ``margin`` worse (0.1 is 10 % more bad requests)?

    Raises ValueError where the margin is not above 0.
    """
    if not margin > 0:
        raise ValueError(f"a margin of {margin}")
    ratios = (((1 + margin) ** -power, 1 / len(_NO_HARM)) for power in _NO_HARM)
    return Hypotheses(1 + margin, tuple(ratios))


@dataclass(slots=True)
class Process:
    """The evidence about one pair of hypotheses in one cluster, block by block.

    ``starts`` are times at which it starts afresh, each with its weight, fixed beforehand, so that
    harm that begins late is not outweighed by the blocks before it (see ``fresh_starts``).
    """

    hypotheses: Hypotheses
    starts: Sequence[tuple[float, float]]
    _sums: list[list[float]] = field(init=False)

    def __post_init__(self) -> None:
        self._sums = [[0.0] * len(self.hypotheses.alternatives) for _ in self.starts]

    def add(self, pair: Pair) -> None:
        """Take a further block into account."""
        logs = [
            _log_e(self.hypotheses.tolerated, ratio, pair)
            for ratio, _ in self.hypotheses.alternatives
        ]
        for (start, _), sums in zip(self.starts, self._sums, strict=True):
            if pair.start >= start:
                sums[:] = map(sum, zip(sums, logs, strict=True))

    def value(self, factor: float) -> float:
        """E, its logarithms divided by ``factor`` (see dispersion). Infinite where it overflows."""
        return math.fsum(
            late * weight * _exp(log / factor)
            for (_, late), sums in zip(self.starts, self._sums, strict=True)
            for log, (_, weight) in zip(sums, self.hypotheses.alternatives, strict=True)
        )


def fresh_starts(first: float, later: Sequence[float]) -> list[tuple[float, float]]:
    """When processes start, with their weights: most of it is on the ``first``."""
    if not later:
        return [(first, 1.0)]
    share = (1 - _ON_THE_FIRST) / len(later)
    return [(first, _ON_THE_FIRST), *((time, share) for time in later)]


def _log_e(tolerated: float, ratio: float, pair: Pair) -> float:
    share = pair.share
    theta = ratio * tolerated
    expected = (1 - share + share * tolerated) / (1 - share + share * theta)
    return pair.candidate.bad * math.log(ratio) + pair.bad * math.log(expected)


def _exp(log: float) -> float:
    try:
        return math.exp(log)
    except OverflowError:
        return math.inf


def mean_of(values: Iterable[float], denominator: int) -> float:
    """The mean of a family's evidence; what has no data yet counts 1.

    ``denominator`` is the number of comparisons times clusters that the rollout began with. Raises
    ValueError where there are more values.
    """
    found = list(values)
    if len(found) > denominator:
        raise ValueError(f"{len(found)} values of evidence for {denominator} comparisons")
    return (math.fsum(found) + (denominator - len(found))) / denominator if denominator else 1.0
