"""Verbs that only read: status and audit."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.edges import clock
from lockstep.model.exit_codes import ExitCode


@click.command()
@click.argument("family", required=False)
@options.root
@options.environment
@options.now
@options.output
def status(
    family: str | None, root: Path, environment: str | None, now: str | None, output: str
) -> ExitCode:
    """Show how every cluster stands (of FAMILY only, where it is given)."""
    from lockstep.commands import status as verb

    report = verb.run(options.existing(root), clock.now(now), family, environment)
    options.show(report.text, report.data, output)
    return report.exit_code


@click.command()
@click.argument("family", required=False)
@click.option("--verify", is_flag=True, help="Check the chain of records, and git against it.")
@click.option("--replay", "again", is_flag=True, help="Recompute each verdict from its record.")
@options.root
@options.environment
@options.output
def audit(
    family: str | None, verify: bool, again: bool, root: Path, environment: str | None, output: str
) -> ExitCode:
    """Show who decided what, when and why (for FAMILY only, where it is given)."""
    from lockstep.commands import audit as verb
    from lockstep.report.history import format_history

    history = verb.read(options.existing(root), family, environment, verify=verify, again=again)
    findings = [finding.to_json() for finding in history.findings]
    data = {"decisions": [verb.as_data(d) for d in history.decisions], "findings": findings}
    text = format_history(history.decisions, history.findings, verify=verify, again=again)
    options.show(text, data, output)
    return ExitCode.VERIFICATION_FAILED if findings else ExitCode.CLEAN
