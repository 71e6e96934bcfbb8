"""What is aimed at: ratios, because seconds depend on the machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.bench.checks import AGAIN, BARE, HELP, ONE_COLD, ONE_WARM, PYTHON, WHOLE
from tests.bench.processes import Samples
from tests.bench.rollouts import AdvanceTimes

Checks = Mapping[int, Mapping[str, Samples]]
"""The samples of each check by the number of clusters."""


@dataclass(frozen=True)
class Ratio:
    """How many times longer one thing takes than another, and the most that it shall."""

    name: str
    measured: float
    aim: float

    @property
    def holds(self) -> bool:
        return self.measured <= self.aim


def ratios(checks: Checks, advance: AdvanceTimes) -> Iterator[Ratio]:
    """Every ratio that was measured, by the best runs; the first fleet is what others are held
    against."""
    first, *larger = checks
    best = {size: {name: each.best for name, each in of.items()} for size, of in checks.items()}
    own = best[first]
    yield Ratio(f"{WHOLE}, to one bare opa eval", own[WHOLE] / own[BARE], 1.5)
    yield Ratio(f"{ONE_COLD}, to {WHOLE}", own[ONE_COLD] / own[WHOLE], 1 / 3)
    yield Ratio(f"{ONE_WARM}, to {WHOLE}", own[ONE_WARM] / own[WHOLE], 1 / 8)
    yield Ratio(f"{AGAIN}, to {WHOLE}", own[AGAIN] / own[WHOLE], 1 / 15)
    for size in larger:
        times = size / first
        to = f"of {size:,} clusters, to {first:,}"
        yield Ratio(f"{ONE_WARM} {to}", best[size][ONE_WARM] / own[ONE_WARM], 3)
        each = best[size][WHOLE] / times / own[WHOLE]
        yield Ratio(f"{WHOLE} per cluster {to}", each, 1.15)
    yield Ratio(f"advance over {advance.families} idle families, to one", advance.ratio, 3)
    yield Ratio(f"{HELP}, to {PYTHON}", own[HELP] / own[PYTHON], 5)
