"""Simulates rollouts, and prints how often and how soon each way of judging rolls them back.

By default 400 rollouts of each scenario, which takes some minutes; all figures come from the same
seeds. With ``--pictures`` the curves of docs/ are drawn again.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.bench.gates.judges import (
    Judge,
    Limits,
    by_evidence,
    by_threshold,
    by_z_test,
    tuned_limits,
)
from tests.bench.gates.traffic import Scenario

OUTPUT = Path(__file__).resolve().parents[3] / "build" / "bench-gates.json"
FEWEST = (500, 2_000, 5_000, 10_000, 20_000)
"""From how many requests on a threshold may count: the best of them is taken, with hindsight."""

INCIDENT = {("false-positives", "eu"): 1.17}


@dataclass(frozen=True)
class Summary:
    """What came out of one scenario under one judge, over all its rollouts.

    ``requests`` are those of the candidate in the first region: the median until a rollback, and
    the mean over all rollouts. ``hours`` is the median of those that went through.
    """

    scenario: str
    judge: str
    rollouts: int
    rolled_back: float
    finished: float
    requests: float | None
    mean_requests: float
    hours: float | None


class Aim(NamedTuple):
    """A figure that is aimed at, what was found, and whether that is enough."""

    what: str
    aim: str
    found: str
    reached: bool


def scenarios() -> dict[str, Scenario]:
    """What is simulated, by name; traffic is requests an hour and region."""
    errors = {("errors", "eu"): 3.0}
    listed = [
        Scenario("harmless"),
        Scenario("harmless, bursts of 2", bursts=2.0),
        Scenario("harmless, another mix of segments", shift=(0.3, 0.2)),
        Scenario("harmless, no drift", drift=0.0),
        Scenario("+17 % false positives", harm=INCIDENT),
        Scenario("+17 % false positives, no drift", harm=INCIDENT, drift=0.0),
        Scenario("+17 % false positives, 1M/h", harm=INCIDENT, per_hour=1_000_000, block=60),
        Scenario("+17 % false positives after 90 minutes", harm=INCIDENT, onset=5400.0),
        Scenario("+17 % false positives, 50k/h", harm=INCIDENT, per_hour=50_000),
        Scenario("harmless, a wave of one region", regions=1),
        Scenario("harmless, bursts of 2, a wave of one region", bursts=2.0, regions=1),
        Scenario("+17 % false positives, a wave of one region", harm=INCIDENT, regions=1),
        Scenario("three times the errors, a wave of one region", harm=errors, regions=1),
        Scenario("three times the errors", harm=errors),
        Scenario("three times the errors, 50k/h", harm=errors, per_hour=50_000),
    ]
    return {each.name: each for each in listed}


def run(scenario: Scenario, name: str, judge: Judge, rollouts: int, workers: int) -> Summary:
    """Simulate one scenario under one judge."""
    with ProcessPoolExecutor(workers) as pool:
        found = list(pool.map(partial(judge, scenario), range(rollouts), chunksize=10))
    back = [each.requests for each in found if each.rolled_back]
    through = [each.seconds / 3600 for each in found if each.finished]
    return Summary(
        scenario.name, name, rollouts, len(back) / rollouts, len(through) / rollouts,
        float(np.median(back)) if back else None, float(np.mean([e.requests for e in found])),
        float(np.median(through)) if through else None,
    )  # fmt: skip


def summaries(rollouts: int, workers: int) -> Iterator[Summary]:
    """All scenarios under the program's own code, and what people use instead where it matters."""
    known = scenarios()
    for scenario in known.values():
        yield run(scenario, "evidence", by_evidence, rollouts, workers)
    mix = known["harmless, another mix of segments"]
    yield run(
        mix, "evidence, segments pooled", partial(by_evidence, pooled=True), rollouts, workers
    )
    yield run(known["harmless"], "z-test at 5 %", by_z_test, rollouts, workers)
    for with_drift, ending in ((True, ""), (False, ", no drift")):
        harmless, harmed = known[f"harmless{ending}"], known[f"+17 % false positives{ending}"]
        limits = best_limits(harmless, harmed, rollouts)
        judge = partial(by_threshold, limits=limits)
        for scenario in (harmless, harmed):
            yield run(scenario, "tuned threshold", judge, rollouts, workers)
        if with_drift:
            literal = Limits((0.0022, 0.011, 0.033, 0.0055), 500)
            judge = partial(by_threshold, limits=literal)
            yield run(harmless, "threshold 10 % above", judge, rollouts, workers)


def best_limits(harmless: Scenario, harmed: Scenario, rollouts: int) -> Limits:
    """The bounds with the least exposure to harm, of those that harmless versions rarely exceed."""
    found = [tuned_limits(harmless, fewest, rollouts) for fewest in FEWEST]

    def exposure(limits: Limits) -> float:
        some = range(rollouts // 4)
        return float(np.mean([by_threshold(harmed, seed, limits).requests for seed in some]))

    return min(found, key=exposure)


def aims(found: Sequence[Summary]) -> list[Aim]:
    """What is aimed at, against what was found."""
    by = {(each.scenario, each.judge): each for each in found}

    def own(name: str) -> Summary:
        return by[name, "evidence"]

    listed = []
    for name in (each for each in scenarios() if each.startswith("harmless")):
        rate = own(name).rolled_back
        listed.append(Aim(f"rolled back: {name}", "at most 1 %", f"{rate:.2%}", rate <= 0.01))
    for name, most in (
        ("+17 % false positives", 22_000),
        ("+17 % false positives, 1M/h", 22_000),
        ("three times the errors", 10_000),
        ("three times the errors, 50k/h", 10_000),
        ("three times the errors, a wave of one region", 10_000),
    ):
        needed = own(name).requests or float("inf")
        aim = f"at most {most:,} requests"
        listed.append(Aim(f"until a rollback: {name}", aim, f"{needed:,.0f}", needed <= most))
    incidents = [each for each in found if each.scenario.startswith(("+17", "three"))
                 and each.judge == "evidence"]  # fmt: skip
    worst = max(each.finished for each in incidents)
    listed.append(Aim("harm that reaches 100 %", "none", f"{worst:.2%}", worst == 0))
    hours = own("harmless").hours or float("inf")
    listed.append(Aim("a good version, hours", "3 (median)", f"{hours:.2f}", hours <= 3.01))
    for ending, aim, part in (("", "at most 1/10", 0.1), (", no drift", "at most 1.15", 1.15)):
        name = f"+17 % false positives{ending}"
        ratio = own(name).mean_requests / by[name, "tuned threshold"].mean_requests
        what = f"exposure to that of a tuned threshold: {name}"
        listed.append(Aim(what, aim, f"{ratio:.3f}", ratio <= part))
    return listed


def main() -> None:
    options = _options()
    found = list(summaries(options.rollouts, options.workers))
    held = aims(found)
    _print(found, held)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    data = {"rollouts": [vars(each) for each in found], "aims": [a._asdict() for a in held]}
    options.output.write_text(json.dumps(data, indent=2) + "\n")
    if options.pictures:
        from tests.bench.gates.pictures import draw

        draw(options.pictures, options.rollouts)


def _print(found: Sequence[Summary], held: Sequence[Aim]) -> None:
    console = Console(width=130)
    table = Table("scenario", "judged by", "rolled back", "requests until then", "went through",
                  "hours", "requests on average")  # fmt: skip
    for each in found:
        table.add_row(
            each.scenario, each.judge, f"{each.rolled_back:.2%}",
            f"{each.requests:,.0f}" if each.requests else "", f"{each.finished:.2%}",
            f"{each.hours:.2f}" if each.hours else "", f"{each.mean_requests:,.0f}",
        )  # fmt: skip
    console.print(table)
    goals = Table("figure", "aim", "found", "reached")
    for aim in held:
        goals.add_row(aim.what, aim.aim, aim.found, "yes" if aim.reached else "NO")
    console.print(goals)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-gates", description=__doc__)
    parser.add_argument("--rollouts", type=int, default=400, help="of each scenario")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the figures as JSON")
    parser.add_argument("--pictures", type=Path, help="a folder to draw the curves in")
    return parser.parse_args()


if __name__ == "__main__":
    main()
