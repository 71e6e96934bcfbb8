"""Measures check and advance, and holds the ratios against what is aimed at.

By default on one fleet of 1,000 clusters, with the best of 3 runs: the stages of a check in one
process; check as a whole program, of all families, again with nothing changed, of a change of one
cluster with and without a cache, and of one staged file; one bare opa eval of the same rules and
items; and advance over 200 families and over one. That takes some minutes. Further sizes are
measured as whole programs only; 10,000 takes about ten times as long. Seconds depend on the
machine, so compare ratios, all of one run.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.checks import BARE, make_repository, measure_checks
from tests.bench.processes import Samples
from tests.bench.ratios import Ratio, ratios
from tests.bench.rollouts import AdvanceTimes, measure_advance
from tests.bench.stages import measure_stages

DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "build" / "bench.json"
Machine = Mapping[str, str | int | float]


class BenchRun(NamedTuple):
    """What one run of the bench has measured; ``checks`` by the size of the fleet."""

    checks: Mapping[int, Mapping[str, Samples]]
    stages: Mapping[str, float]
    held: Sequence[Ratio]
    advance: AdvanceTimes
    machine: Machine


def main() -> None:
    options = _options()
    checks: dict[int, dict[str, Samples]] = {}
    stages: dict[str, float] = {}
    for size in options.clusters:
        with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
            make_repository(Path(folder), size)
            checks[size] = measure_checks(Path(folder), options.runs, bare=not checks)
            stages = stages or measure_stages(Path(folder), options.runs)
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        advance = measure_advance(Path(folder), options.families, options.runs)
    run = BenchRun(checks, stages, list(ratios(checks, advance)), advance, describe_machine())
    _print(run)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(_json(run), indent=2) + "\n")
    print(f"as JSON: {options.output}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--clusters", type=_positive, nargs="+", default=[1000], metavar="N",
        help="sizes of fleets, the first of which the others are held against",
    )  # fmt: skip
    parser.add_argument("--runs", type=_positive, default=3, help="of each program and stage")
    parser.add_argument("--families", type=_positive, default=200, help="for advance")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="the JSON file")
    return parser.parse_args()


def describe_machine() -> Machine:
    """What the figures depend on: usable processors, memory, Python."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        "memoryGiB": round(pages / 2**30, 1),
        "architecture": platform.machine(),
        "python": platform.python_version(),
    }


def _print(run: BenchRun) -> None:
    machine, advance = run.machine, run.advance
    first = next(iter(run.checks))
    bare = run.checks[first][BARE].best
    on = f"{machine['cores']} cores, {machine['memoryGiB']} GiB, Python {machine['python']}"
    rows = [
        (name, f"{seconds:.3f}", f"{seconds / bare:.2f}") for name, seconds in run.stages.items()
    ]
    _show(f"Stages, {first:,} clusters on {on}", ("stage", "s", "x opa eval"), rows)
    for size, samples in run.checks.items():
        of_programs = [
            (name, f"{each.best:.2f}", f"{each.median:.2f}", f"{each.best / bare:.2f}",
             f"{each.peak:,.0f}")
            for name, each in samples.items()
        ]  # fmt: skip
        headings = ("whole program", "best s", "median s", "x opa eval", "peak MiB")
        _show(f"Programs, {size:,} clusters", headings, of_programs)
    aims = [
        (each.name, f"{each.measured:.3f}", f"{each.aim:.3f}", "yes" if each.holds else "NO")
        for each in run.held
    ]
    _show("Ratios", ("ratio", "measured", "at most", "holds"), aims)
    print(
        f"from evidence to the pushed rollback: {advance.beyond_mlflow:.2f} s beyond a bare import "
        f"of mlflow ({advance.rollback:.2f} s and {advance.mlflow:.2f} s)"
    )


def _show(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)  # also where the output goes to a file


def _json(run: BenchRun) -> dict[str, object]:
    return {
        "machine": run.machine,
        "stages": {name: round(seconds, 4) for name, seconds in run.stages.items()},
        "programs": [
            {
                "clusters": size,
                "program": name,
                "seconds": [round(seconds, 4) for seconds in each.seconds],
                "peakMiB": round(each.peak, 1),
            }
            for size, samples in run.checks.items()
            for name, each in samples.items()
        ],
        "advance": {name: round(value, 3) for name, value in asdict(run.advance).items()},
        "ratios": [
            {"ratio": each.name, "measured": round(each.measured, 4), "aim": round(each.aim, 4)}
            for each in run.held
        ],
    }


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    main()
