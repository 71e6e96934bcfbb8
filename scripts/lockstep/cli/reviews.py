"""Verbs for the people who review a pull request: review and comment."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.reports import refuse_unwritable, write_text
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.review import Review
from lockstep.text.sanitise import quoted

_FORMATS = ("text", "json", "markdown")


@click.command(cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.option(
    "--checked", required=True, metavar="FILE", type=click.Path(path_type=Path),
    help="What lockstep check --report json=FILE has written about the same change.",
)  # fmt: skip
@click.option("--base", help="The branch or commit that the change is for, as for lockstep check.")
@options.now
@options.root
@click.option(
    "--format", "output", type=click.Choice(_FORMATS), default="text",
    help="Text for people, Markdown for a comment or the summary of a job, JSON for comment.",
)  # fmt: skip
@click.option(
    "--report", "reports", multiple=True, metavar="FORMAT=PATH",
    help="Write a report to a file too, such as json=review.json; repeatable.",
)  # fmt: skip
def review(
    checked: Path,
    base: str | None,
    now: str | None,
    root: Path,
    output: str,
    reports: Sequence[str],
) -> ExitCode:
    """Show the reviewers of a change what it does: families, metrics, approvals, what follows.

    Works on git and files alone. The exit code says whether that could be shown: the answer of the
    check is lockstep check's own.
    """
    from lockstep.commands import review as verb

    files = [_parse(text) for text in reports]
    found = verb.run(options.existing(root), checked, base, clock.now(now))
    with ExitStack() as stack:  # each is written even where another cannot be
        stack.callback(click.echo, _format(found, output))
        for name, path in reversed(files):
            stack.callback(write_text, path, f"{_format(found, name)}\n")
    return ExitCode.CLEAN


def _parse(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not separator or name not in _FORMATS or not path:
        raise UsageError(
            f"--report {quoted(text, 200)} is not FORMAT=PATH",
            fix=f"the formats are {', '.join(_FORMATS)}",
        )
    refuse_unwritable(Path(path))
    return name, Path(path)


def _format(found: Review, output: str) -> str:
    if output == "json":
        from lockstep.report.json_report import format_compact

        return format_compact(found.to_json())
    if output == "markdown":
        from lockstep.report.review import format_review

        return format_review(found)
    from lockstep.report import review_text
    from lockstep.text.sanitise import lines

    return lines(review_text.format_review(found))
