"""How much more the bad requests of a gate vary than coin tosses would: they may come in bursts.

Evidence that counts a burst of fifty failures as fifty independent ones rolls back harmless
versions; so the logarithm of the evidence is divided by the factor that is estimated here.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from lockstep.gates.pairs import Pair

FEWEST = 8
"""Degrees of freedom from which there is an estimate; before that there is no evidence at all."""

_MANY = 30
"""Degrees of freedom from which the estimate is taken as it is; before that with a margin, because
few blocks in which bursts happen to be rare must not make a harmless version fail."""

_LARGE_ENOUGH = 0.5
"""The expected variance from which a group of blocks is one term of the estimate: smaller groups
have more of them sooner, and their terms still have the right mean."""


class Estimate(NamedTuple):
    """Pearson's statistic and its degrees of freedom; those of several clusters can be added."""

    statistic: float
    freedom: int


class _Group(NamedTuple):
    """Blocks in a row: bad requests of the candidate and of both versions, and the candidate's
    share of the requests, weighted by the bad ones.
    """

    candidate: float
    both: float
    share: float


_EMPTY = _Group(0.0, 0.0, 0.0)


@dataclass(slots=True)
class Dispersion:
    """The estimate of one gate in one cluster, block by block.

    Pearson's statistic of the candidate's part of the bad requests, over groups of blocks, around
    the relative risk that all of them have together: so harm itself is no dispersion. The relative
    risk is that of Mantel and Haenszel (1959).
    """

    _groups: list[_Group] = field(default_factory=list)
    _open: _Group = _EMPTY

    def add(self, pair: Pair) -> None:
        """Take a further block into account."""
        if not pair.bad:
            return
        candidate, both, share = self._open
        total = both + pair.bad
        share = (share * both + pair.share * pair.bad) / total
        group = _Group(candidate + pair.candidate.bad, total, share)
        if total * share * (1 - share) >= _LARGE_ENOUGH:
            self._groups.append(group)
            group = _EMPTY
        self._open = group

    def estimate(self) -> Estimate:
        """What the blocks so far say."""
        if len(self._groups) < 2:
            return Estimate(0.0, 0)
        risk, statistic = self._relative_risk(), 0.0
        for candidate, both, share in self._groups:
            part = share * risk / (1 - share + share * risk)
            statistic += (candidate - both * part) ** 2 / (both * part * (1 - part))
        return Estimate(statistic, len(self._groups) - 1)

    def _relative_risk(self) -> float:
        above = sum(group.candidate * (1 - group.share) for group in self._groups)
        below = sum((group.both - group.candidate) * group.share for group in self._groups)
        return above / below if above > 0 and below > 0 else 1.0


def factor_of(estimates: list[Estimate]) -> float | None:
    """The factor of a gate, at least 1, from its clusters; None where it cannot be known yet."""
    freedom = sum(each.freedom for each in estimates)
    if freedom < FEWEST:
        return None
    factor = sum(each.statistic for each in estimates) / freedom
    # The variance of Pearson's statistic is twice its degrees of freedom.
    error = math.sqrt(2 / freedom)
    if freedom < _MANY:
        return max(factor, 1.0) + 3 * error
    # An estimate that is clearly above 1 may itself be too low; one that is not is chance.
    return factor + error if factor > 1 + error else 1.0
