"""The verb lock."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstep.cli import options
from lockstep.edges import clock
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.outcome import Outcome
from lockstep.transactions.run import Steering

if TYPE_CHECKING:
    from lockstep.commands.lock import Comparison


@click.command()
@click.argument("family", required=False)
@click.argument("version", required=False)
@click.option("--check", "compare", is_flag=True, help="Compare with the registry, write nothing.")
@options.steering
def lock(
    family: str | None,
    version: str | None,
    compare: bool,
    output: str,
    root: Path,
    environment: str | None,
    registry: str | None,
    now: str | None,
) -> ExitCode:
    """Write the registry's facts about VERSION of FAMILY; with --check compare those written."""
    from lockstep.commands import lock as verb

    steering = Steering(options.existing(root), clock.now(now), environment, registry)
    if compare:
        return _compare(verb.check(steering, family), output)
    if family is None or version is None:
        raise UsageError("lock needs a family and a version", fix="lockstep lock FAMILY VERSION")
    report = verb.write(steering, family, version)
    options.show(report.text, report.data, output)
    return report.exit_code


def _compare(outcome: "Comparison", output: str) -> ExitCode:
    from lockstep.report import json_report, text

    found = Outcome(outcome.findings, {"locks": outcome.locks})
    if output == "json":
        click.echo(json_report.format_outcome(found, exit_code=outcome.exit_code))
    else:
        click.echo(text.format_outcome(found))
    return outcome.exit_code
