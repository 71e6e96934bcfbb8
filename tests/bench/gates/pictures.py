"""Draws the curves of docs/explanation/gates.md."""

import math
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from lockstep.gates.comparison import Comparison, FamilyProcess
from lockstep.gates.eprocess import ALPHA
from tests.bench.gates.judges import (
    DENOMINATOR,
    HOUR,
    Judge,
    by_evidence,
    by_threshold,
    by_z_test,
    pairs_of_draw,
    starts,
    tuned_limits,
)
from tests.bench.gates.traffic import METRICS, WEIGHTS, Rollout, Scenario

INCIDENT = {("false-positives", "eu"): 1.17}
_FEWEST = 20_000
"""From how many requests on the threshold counts: the best of those that the bench tries."""

_SOME = 12
"""Rollouts whose evidence is drawn one by one."""


def draw(folder: Path, rollouts: int) -> None:
    """Draw ``evidence.svg`` and ``exposure.svg`` in a folder."""
    # The same bytes for the same figures: no date, and no identifier that is made by chance.
    mpl.rcParams["svg.hashsalt"] = "lockstep"
    folder.mkdir(parents=True, exist_ok=True)
    _evidence(folder / "evidence.svg")
    _exposure(folder / "exposure.svg", rollouts)


def _save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)


def _evidence(path: Path) -> None:
    """The family's mean after each block: of harmless rollouts, and of the incident."""
    figure, axes = plt.subplots(figsize=(7.5, 4))
    for harm, colour, label in (({}, "tab:blue", "harmless"), (INCIDENT, "tab:red", "+17 %")):
        for seed in range(_SOME):
            times, means = _means(Scenario("", harm=harm), seed)
            axes.plot(times, means, color=colour, alpha=0.6, label=label if not seed else None)
    axes.axhline(1 / ALPHA, color="black", linestyle="--", label="rolled back")
    axes.set(yscale="log", ylim=(1e-2, 1e3), xlabel="minutes (1, 10 and 50 % for an hour each)",
             ylabel="mean evidence of the family")  # fmt: skip
    axes.legend()
    _save(figure, path)


def _means(scenario: Scenario, seed: int) -> tuple[list[float], list[float]]:
    gates = {name: Comparison(m.harm, m.margin) for name, m in METRICS.items()}
    later = [HOUR, 2 * HOUR]
    family = FamilyProcess(gates, starts([0.0, *later]), DENOMINATOR)
    rollout, times, means = Rollout(scenario, seed), [], []
    for step, weight in enumerate(WEIGHTS):
        while rollout.now < (step + 1) * HOUR:
            draw = rollout.block(weight)
            family.add(draw.end, pairs_of_draw(draw))
            evidence = family.evidence()
            times.append(draw.end / 60)
            means.append(min(evidence.mean, 1e6))
            if evidence.crossing:
                return times, means
    return times, means


def _exposure(path: Path, rollouts: int) -> None:
    """Which part of the incidents was rolled back after how many requests of the candidate."""
    figure, both = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
    for axes, drift in zip(both, (0.1, 0.0), strict=True):
        harmed = Scenario("", harm=INCIDENT, drift=drift)
        limits = tuned_limits(Scenario("", drift=drift), _FEWEST, rollouts)
        judges: dict[str, Judge] = {
            "evidence": by_evidence,
            "threshold, tuned with hindsight": partial(by_threshold, limits=limits),
            "z-test at 5 % (rolls back harmless ones, too)": by_z_test,
        }
        for label, judge in judges.items():
            found = [judge(harmed, seed) for seed in range(rollouts)]
            needed = [o.requests if o.rolled_back else math.inf for o in found]
            at = np.arange(0, 100_000, 500)
            part = [sum(n <= x for n in needed) / rollouts for x in at]
            axes.plot(at / 1000, part, label=label)
        axes.set(title=f"both versions drift by {drift:.0%}",
                 xlabel="thousand requests of the candidate")  # fmt: skip
    both[0].set_ylabel("part of the incidents that is rolled back")
    both[1].legend(fontsize=8)
    _save(figure, path)
