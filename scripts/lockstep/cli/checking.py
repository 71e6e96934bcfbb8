"""Verbs over the whole tree: validate, policy, render and check."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstep.cli import options
from lockstep.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from lockstep.commands.checking import Outcome

_BASE = click.option(
    "--base",
    help="What the change is compared with: by default HEAD where the work tree has changes, "
    "and the first parent of HEAD where it has none.",
)


@click.command()
@options.root
@options.output
def validate(root: Path, output: str) -> ExitCode:
    """Hold every file against its schema, and the files against each other."""
    from lockstep.commands import check as verb

    return _report(verb.validate(options.existing(root)), output)


@click.command()
@_BASE
@options.root
@options.output
def check(base: str | None, root: Path, output: str) -> ExitCode:
    """Validate, ask policy, render and compare with rendered/: everything, offline.

    Exit code 0 clean, 10 where a file is malformed or not rendered, 11 where policy denies.
    """
    from lockstep.commands import check as verb

    return _report(verb.check(options.existing(root), base), output)


@click.command()
@options.root
@options.output
def render(root: Path, output: str) -> ExitCode:
    """Write rendered/ as the specs declare it; remove what they no longer declare."""
    from lockstep.commands import render as verb

    rendered = verb.run(options.existing(root))
    if rendered.findings:
        return _report(rendered.outcome, output)
    options.show(rendered.text, {"written": rendered.written, "removed": rendered.removed}, output)
    return ExitCode.CLEAN


@click.group()
def policy() -> None:
    """Work on the rules under policies/."""


@policy.command("test")
@options.root
@options.output
def policy_test(root: Path, output: str) -> ExitCode:
    """Check the rules, run their tests, and demand that every line is covered."""
    from lockstep.commands import policy as verb

    report = verb.run(options.existing(root))
    options.show(report.text, report.data, output)
    return report.exit_code


def _report(outcome: "Outcome", output: str) -> ExitCode:
    from lockstep.report import json_report, text

    reporter = json_report if output == "json" else text
    click.echo(reporter.format_findings(outcome.findings, outcome.summary))
    return outcome.exit_code
