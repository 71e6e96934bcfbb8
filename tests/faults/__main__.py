"""``python -m tests.faults``: breaks every verb that moves a family in every way, and judges."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import victim
from tests.faults.attempt import Came
from tests.faults.report import show
from tests.faults.scenarios import SCENARIOS
from tests.faults.sweep import Sweep, plan, prepare, run, sample

OUTPUT = Path(__file__).resolve().parents[2] / "build" / "faults.json"


def main() -> int:
    options = _arguments()
    started = time.monotonic()
    scenarios = [each for each in SCENARIOS if each.name in (options.verb or each.name)]
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    os.environ["PATH"] = os.pathsep.join((str(victim.TOOLS), os.environ.get("PATH", os.defpath)))
    victim.preload()
    # Not a TemporaryDirectory: each forked verb that a signal ends would remove it as its own.
    folder = Path(tempfile.mkdtemp(prefix="lockstep-faults-"))
    try:
        sweep = Sweep(folder, options.seed, options.processes)
        events = prepare(sweep, scenarios)
        tries = [one for each in scenarios for one in plan(sweep, each, events[each.name])]
        planned = len(tries)
        if options.only:
            tries = [one for one in tries if any(text in one.name for text in options.only)]
        if options.sample:
            tries = sample(tries, options.sample, options.seed)
        came = []
        for each in run(sweep, tries):
            came.append(each)
            _progress(each, f"{len(came)}/{len(tries)}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(came, time.monotonic() - started, options.seed, planned)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**each.__dict__, "problems": list(each.problems)} for each in came]
    options.output.write_text(json.dumps(rows, indent=1) + "\n")
    return int(any(each.problems for each in came) or not came)


def _progress(came: Came, number: str) -> None:
    """Show at once what failed: the whole sweep takes hours. A terminal sees every try."""
    if came.problems or sys.stderr.isatty():
        state = "failed" if came.problems else "passed"
        print(f"{number} {state}: {came.name}", *came.problems, sep="\n  ", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="run only so many tries")
    parser.add_argument("--seed", type=int, default=1, help="where random moments come from")
    parser.add_argument("--verb", action="append", help="one scenario only; may be given again")
    parser.add_argument("--only", action="append", help="only tries whose name has this text")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
