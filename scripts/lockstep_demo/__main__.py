"""``python -m lockstep_demo --dir DIR``: the demo, from the repository; it is not installed."""

import sys
from pathlib import Path

import click

from lockstep.cli.entry import invoke, run
from lockstep.model.exit_codes import ExitCode
from lockstep_demo import runner


@click.command()
@click.option(
    "--dir", "folder", required=True, type=click.Path(path_type=Path),
    help="An empty or new folder; the demo creates everything in it, and keeps it.",
)  # fmt: skip
def demo(folder: Path) -> ExitCode:
    """Run the main job on real parts: block a bad change, roll out one version, roll back another.

    Ends with exit code 13 if a claim of the demo does not hold.
    """
    runner.run(folder, invoke, sys.stdout)
    return ExitCode.CLEAN


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], demo))
