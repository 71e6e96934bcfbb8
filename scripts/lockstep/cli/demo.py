"""The verb demo."""

import sys
from pathlib import Path

import click

from lockstep.cli.entry import invoke
from lockstep.model.exit_codes import ExitCode


@click.command()
@click.option(
    "--dir", "folder", required=True, type=click.Path(path_type=Path),
    help="An empty or new folder; everything is made in it, and stays.",
)  # fmt: skip
def demo(folder: Path) -> ExitCode:
    """Run the main job on real parts: a bad change stopped, a good version out, a bad one back.

    Exit code 13 where something that the demo shows does not hold.
    """
    from lockstep_demo import runner

    runner.run(folder, invoke, sys.stdout)
    return ExitCode.CLEAN
