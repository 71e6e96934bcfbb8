"""Verbs for reviewers of a change: diff."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstep.cli import options
from lockstep.cli.reports import Reports, report_files
from lockstep.cli.verbs import Verb
from lockstep.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from lockstep.model.differences import Differences
    from lockstep.model.outcome import Outcome

_FORMATS = ("text", "json", "markdown")


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@options.base
@options.root
@click.option(
    "--format", "output", type=click.Choice(_FORMATS), default="text",
    help="Text for people, JSON for programs, Markdown for a comment.",
)  # fmt: skip
@options.reports
def diff(base: str | None, root: Path, output: str, reports: tuple[str, ...]) -> ExitCode:
    """Show what a change does: each object that differs by family and region, dangers first.

    It compares committed manifests, policies and settings, without a cluster. Exit code 0 whatever
    differs, 10 where a manifest cannot be read.
    """
    files = report_files(reports, _FORMATS)
    asked = Reports(output, files=files, formatted=_formatted, failed=_failed)
    return asked.run(lambda: _run(options.existing(root), base))


def _run(root: Path, base: str | None) -> "Differences":
    from lockstep.commands import diff as verb

    return verb.run(root, base)


def _formatted(found: "Differences", output: str, _: bool) -> str:
    from lockstep.report import differences

    if output == "json":
        return differences.format_json(found)
    return (
        differences.format_markdown(found)
        if output == "markdown"
        else differences.format_text(found)
    )


def _failed(outcome: "Outcome") -> "Differences":
    from lockstep.model.differences import Differences, FleetDiff

    return Differences(FleetDiff(base=""), outcome.findings)
