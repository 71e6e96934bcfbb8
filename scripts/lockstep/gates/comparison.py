"""What the comparisons of a family say together: the mean of their evidence at every block edge.

One comparison alone passes or is inconclusive, and never fails: of many gates in many clusters, one
is unlucky in every twentieth rollout. The family fails when the mean of the evidence of all gates
in all clusters reaches ``1 / alpha``, at the first block edge where it does. So the answer depends
neither on how often, nor on when somebody looked.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lockstep.gates.dispersion import Dispersion, Estimate, factor_of
from lockstep.gates.eprocess import (
    ALPHA,
    ENOUGH_TO_PASS,
    Hypotheses,
    Process,
    mean_of,
    not_worse,
    worse,
)
from lockstep.gates.pairs import Pair

Starts = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One gate: the harm that is worth catching (1.17: 17 % more), the ratio that is tolerated,
    and the margin (0.1: 10 % more) against which a step has to show that there is no harm.
    """

    harm: float
    margin: float
    tolerated: float = 1.0


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first block edge at which the family's evidence was enough, and how much it was."""

    at: float
    mean: float


@dataclass(frozen=True, slots=True)
class FamilyEvidence:
    """What all comparisons of a family say.

    ``crossing`` is None where the family has not failed. ``mean`` is the evidence of harm after the
    last block. ``harm`` and ``no_harm`` are that of each gate in each cluster, and ``factors`` how
    much the counts of each gate vary beyond chance: None where that is not known yet.
    """

    crossing: Crossing | None
    mean: float
    harm: Mapping[tuple[str, str], float]
    no_harm: Mapping[tuple[str, str], float]
    factors: Mapping[str, float | None]

    def passes(self, gate: str, cluster: str) -> bool:
        """Whether this gate has shown in this cluster that there is no harm beyond its margin."""
        return self.no_harm.get((gate, cluster), 1.0) >= ENOUGH_TO_PASS


class FamilyProcess:
    """The comparisons of one rollout, to which blocks are added in the order of their ends.

    ``gates`` are the comparisons by name, ``starts`` the times of fresh starts with their weights,
    and ``denominator`` is the number of gates times clusters that the rollout began with.
    """

    def __init__(self, gates: Mapping[str, Comparison], starts: Starts, denominator: int) -> None:
        self._gates = gates
        self._starts = starts
        self._denominator = denominator
        self._series: dict[tuple[str, str], _Series] = {}
        self._factors: dict[str, float | None] = dict.fromkeys(gates)
        self._crossing: Crossing | None = None

    def add(self, edge: float, blocks: Mapping[tuple[str, str], Sequence[Pair]]) -> None:
        """Take the blocks that end at ``edge`` into account, by gate and cluster."""
        for key, found in blocks.items():
            for block in found:
                self._of(key).add(block)
        for gate in {gate for gate, _ in blocks}:
            estimates = [s.estimate() for (g, _), s in self._series.items() if g == gate]
            self._factors[gate] = factor_of(estimates)
        mean = self._mean()
        if self._crossing is None and mean >= 1 / ALPHA:
            self._crossing = Crossing(edge, mean)

    def evidence(self) -> FamilyEvidence:
        """What all blocks so far say."""
        return FamilyEvidence(
            self._crossing,
            self._mean(),
            {key: self._value(key, series.harm) for key, series in self._series.items()},
            {key: self._value(key, series.no_harm) for key, series in self._series.items()},
            dict(self._factors),
        )

    def _of(self, key: tuple[str, str]) -> "_Series":
        if key not in self._series:
            self._series[key] = _Series.of(self._gates[key[0]], self._starts)
        return self._series[key]

    def _value(self, key: tuple[str, str], process: Process) -> float:
        factor = self._factors[key[0]]
        return 1.0 if factor is None else process.value(factor)

    def _mean(self) -> float:
        values = (self._value(key, series.harm) for key, series in self._series.items())
        return mean_of(values, self._denominator)


@dataclass(frozen=True, slots=True)
class _Series:
    """One gate in one cluster."""

    harm: Process
    no_harm: Process
    dispersions: dict[str, Dispersion]
    """By segment: a shift of the mix is neither harm nor dispersion."""

    @classmethod
    def of(cls, gate: Comparison, starts: Starts) -> "_Series":
        whole: Starts = [(-math.inf, 1.0)]
        harm: Hypotheses = worse(gate.harm, gate.tolerated)
        return cls(Process(harm, starts), Process(not_worse(gate.margin), whole), {})

    def add(self, pair: Pair) -> None:
        self.harm.add(pair)
        self.no_harm.add(pair)
        self.dispersions.setdefault(pair.segment, Dispersion()).add(pair)

    def estimate(self) -> Estimate:
        found = [each.estimate() for each in self.dispersions.values()]
        return Estimate(sum(e.statistic for e in found), sum(e.freedom for e in found))


def evidence_of(
    gates: Mapping[str, Comparison],
    blocks: Mapping[tuple[str, str], Sequence[Pair]],
    starts: Starts,
    denominator: int,
) -> FamilyEvidence:
    """The evidence from all blocks of a rollout, by gate and cluster, in whatever order."""
    family = FamilyProcess(gates, starts, denominator)
    ending: dict[float, dict[tuple[str, str], list[Pair]]] = {}
    for key, found in blocks.items():
        for block in found:
            ending.setdefault(block.end, {}).setdefault(key, []).append(block)
    for edge in sorted(ending):
        family.add(edge, ending[edge])
    return family.evidence()
