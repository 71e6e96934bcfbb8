"""``python -m tests.bench --clusters N``: prints a table, and writes the same as a JSON file."""

import argparse
import json
import os
import platform
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.measure import BARE, POLICY, WHOLE, Timing, make_repository, measure
from tests.bench.rollouts import AdvanceTimes, measure_advance

DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "build" / "bench.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--clusters", type=_positive, default=1000)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--families", type=_positive, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        make_repository(Path(folder), options.clusters)
        timings = measure(Path(folder))
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        advance = measure_advance(Path(folder), options.families)
    machine = describe_machine()
    Console().print(_table(timings, options.clusters, machine))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    result = {"clusters": options.clusters, "machine": machine,
              "policyOverBareEval": round(ratio(timings), 2),
              "advance": {name: round(value, 3) for name, value in asdict(advance).items()},
              "stages": [_row(timing, options.clusters) for timing in timings]}  # fmt: skip
    options.output.write_text(json.dumps(result, indent=2) + "\n")
    print(f"policy takes {ratio(timings):.1f} times what a bare opa eval takes")
    _print_advance(advance)
    print(f"as JSON: {options.output}")


def ratio(timings: list[Timing]) -> float:
    """The time of policy, divided by that of a bare ``opa eval`` of the same rules and items."""
    cold = {timing.stage: timing.cold for timing in timings}
    return cold[POLICY] / cold[BARE]


def _print_advance(times: AdvanceTimes) -> None:
    print(
        f"advance over {times.families} idle families takes {times.ratio:.2f} times what it takes "
        f"over one ({times.many:.2f} s and {times.one:.2f} s)"
    )
    print(
        f"from evidence to the pushed rollback: {times.beyond_mlflow:.2f} s beyond a bare import "
        f"of mlflow ({times.rollback:.2f} s and {times.mlflow:.2f} s)"
    )


def describe_machine() -> dict[str, str | int | float]:
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


def _table(timings: list[Timing], clusters: int, machine: dict[str, str | int | float]) -> Table:
    size = f"{machine['cores']} cores, {machine['memoryGiB']} GiB, Python {machine['python']}"
    table = Table(title=f"{clusters} clusters on {size}", title_justify="left")
    table.add_column("stage")
    for heading in ("cold s", "clusters/s", "again s", "clusters/s"):
        table.add_column(heading, justify="right")
    for timing in timings:
        if timing.stage == WHOLE:
            table.add_section()
        table.add_row(
            timing.stage,
            f"{timing.cold:.3f}", f"{clusters / timing.cold:,.0f}",
            f"{timing.again:.3f}", f"{clusters / timing.again:,.0f}",
        )  # fmt: skip
    return table


def _row(timing: Timing, clusters: int) -> dict[str, object]:
    return {
        "stage": timing.stage,
        "cold": {
            "seconds": round(timing.cold, 4),
            "clustersPerSecond": round(clusters / timing.cold),
        },
        "again": {
            "seconds": round(timing.again, 4),
            "clustersPerSecond": round(clusters / timing.again),
        },
    }


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    main()
