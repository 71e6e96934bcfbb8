"""Verbs for the people who review a change: diff, review and comment."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstep.cli import options
from lockstep.cli.reports import Reports, report_files
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from lockstep.model.differences import Differences
    from lockstep.model.outcome import Outcome
    from lockstep.model.review import Review

_FORMATS = ("text", "json", "markdown")
_FORMAT = click.option(
    "--format", "output", type=click.Choice(_FORMATS), default="text",
    help="Text for people, JSON for programs, Markdown for a comment.",
)  # fmt: skip


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@options.base
@options.root
@_FORMAT
@options.reports
def diff(base: str | None, root: Path, output: str, reports: Sequence[str]) -> ExitCode:
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


@click.command(cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.option(
    "--checked", required=True, metavar="FILE", type=click.Path(path_type=Path),
    help="What lockstep check --report json=FILE has written about the same change.",
)  # fmt: skip
@options.base
@options.now
@options.root
@_FORMAT
@options.reports
def review(
    checked: Path,
    base: str | None,
    now: str | None,
    root: Path,
    output: str,
    reports: Sequence[str],
) -> ExitCode:
    """Show reviewers what a change does: findings, families, metrics, approvals, what follows.

    Works on git and files alone. Exit code 0 whatever the check has found: its own exit code is the
    answer. The JSON is what lockstep comment reads.
    """
    from lockstep.commands import review as verb

    files = report_files(reports, _FORMATS)
    asked = Reports(output, files=files, formatted=_formatted_review, failed=_failed_review)
    return asked.run(lambda: verb.run(options.existing(root), checked, base, clock.now(now)))


def _formatted_review(found: "Review", output: str, _: bool) -> str:
    if output == "json":
        from lockstep.report.result_data import review_envelope

        return review_envelope(found).format(compact=True)
    if output == "markdown":
        from lockstep.report.review import format_review

        return format_review(found)
    from lockstep.report import review_text
    from lockstep.text.sanitise import lines

    return lines(review_text.format_review(found))


def _failed_review(outcome: "Outcome") -> "Review":
    from lockstep.model.review import Review

    return Review(findings=outcome.findings)


@click.command(cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.option(
    "--review", "path", required=True, metavar="FILE", type=click.Path(path_type=Path),
    help="What lockstep review --report json=FILE has written. An empty or missing file says that "
    "the check could not run.",
)  # fmt: skip
@click.option(
    "--head", required=True, metavar="SHA",
    help="The commit that was reviewed: the pull request is the one whose head it is.",
)  # fmt: skip
@click.option(
    "--run", "run_id", type=click.IntRange(min=1), metavar="NUMBER",
    help="The workflow run that made the review; the comment has a link to it.",
)  # fmt: skip
@click.option("--print", "printed", is_flag=True, help="Print the comment, and post nothing.")
@options.root
@options.output
def comment(
    path: Path, head: str, run_id: int | None, printed: bool, root: Path, output: str
) -> ExitCode:
    """Post a review as the one comment on its pull request, or bring that up to date.

    For a workflow that runs nothing of the pull request: the review is read as data. Does nothing
    where the pull request is closed or its head has moved on.
    """
    from lockstep.commands import comment as verb

    where = options.existing(root)
    done = verb.run(where, path, head, os.environ, run_id=run_id, printed=printed)
    return options.show(done, output)
