"""Options that several verbs share, and how their results are printed."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstep.cli.places import current_folder
from lockstep.cli.streams import discard_output, say
from lockstep.cli.verbs import is_quiet, verb_name
from lockstep.edges import clock, os_errors, progress
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from lockstep.model.result import Result
    from lockstep.transactions.run import RunOptions

root = click.option(
    "--root", type=click.Path(path_type=Path), default=Path(),
    help="A folder inside the repository; by default the current one.",
)  # fmt: skip
output = click.option(
    "--format", "output", type=click.Choice(["text", "json"]), default="text",
    help="Text for people, JSON for programs.",
)  # fmt: skip

FORMATS = {
    "text": "text",
    "json": "json_report",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
    "gitlab": "gitlab",
    "markdown": "markdown",
}
"""The formats of findings, and the module of lockstep.report that writes each."""

findings_output = click.option(
    "--format", "output", type=click.Choice(list(FORMATS)), default="text",
    help="How the findings are printed.",
)  # fmt: skip
colour = click.option(
    "--color", "colour", type=click.Choice(["auto", "always", "never"]), default="auto",
    help="Colour in text; by default on a terminal, unless NO_COLOR is set.",
)  # fmt: skip
reports = click.option(
    "--report", "reports", multiple=True, metavar="FORMAT=PATH",
    help="Write a report to a file too, such as sarif=lockstep.sarif; repeatable.",
)  # fmt: skip
base = click.option(
    "--base",
    help="The branch or commit that the change is for: by default the branch that Argo CD follows, "
    "as last fetched; for a commit on it, the first parent of HEAD.",
)
waiting_is_clean = click.option(
    "--waiting-is-clean", is_flag=True,
    help="Exit code 0 where families only bake or wait for evidence, and nobody has to act.",
)  # fmt: skip
environment = click.option(
    "--environment", "-e", help="The environment; needed where several have the family."
)
now = click.option(
    "--now",
    help="The time to use instead of the clock (RFC 3339); a record says that it was given.",
)
registry = click.option(
    "--registry-uri", "registry", help="MLflow's tracking URI; by default MLFLOW_TRACKING_URI."
)
remote = click.option(
    "--remote",
    help="The remote of the fleet's repository; by default the one whose address lockstep.yaml "
    "has.",
)
work_tree = click.option(
    "--work-tree", is_flag=True, help="Show the work tree, not the branch that Argo CD follows."
)
no_fetch = click.option(
    "--no-fetch",
    is_flag=True,
    help="Do not fetch: take the branch as it was last fetched, and say when that was.",
)
branch = click.option(
    "--branch",
    help="Write to this branch, which is to be merged, and not to the one that Argo CD follows.",
)
reason = click.option("--reason", required=True, help="Why, in a sentence; it is recorded.")


def combined(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in the order given."""

    def decorate(function: Any) -> Any:
        # As stacked decorators, which apply from the last one up: --help keeps their order.
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


showing = combined(findings_output, colour)
"""How a verb shows findings."""

reporting = combined(showing, reports)
"""How a check shows its findings, and where else it writes them."""

registered = combined(root, environment, registry, now, output)
"""The options of every verb that asks the registry about a family."""

moving = combined(registered, remote)
"""The options of every verb that moves a family."""

by_pull_request = combined(moving, branch)
"""Those of the verbs whose decisions may also come by a pull request."""


replacing = combined(
    click.option("--owner", required=True, help="The address of the team that maintains it."),
    click.option("--reason", required=True, help="Why the shipped one does not do."),
)
"""What rules.yaml says of a part of the program that a fleet replaces."""


def existing(folder: Path) -> Path:
    """The folder, absolute. Raises UsageError where there is none."""
    if not folder.is_dir():
        raise UsageError("this folder does not exist", where=str(folder), fix="give --root")
    return folder.resolve()


def run_options(
    root: Path,
    registry: str | None,
    now: str | None,
    environment: str | None = None,
    remote: str | None = None,
    branch: str | None = None,
    dry_run: bool = False,
) -> "RunOptions":
    """How a verb that moves families was called, by the values of its options."""
    from lockstep.transactions.run import RunOptions  # status does not need what it needs

    return RunOptions(
        existing(root), clock.now(now), environment, registry,
        time_given=now is not None, remote=remote, branch=branch, dry_run=dry_run,
    )  # fmt: skip


def show(result: "Result", output: str) -> ExitCode:
    """Print what a verb found or wrote as text or JSON; its exit code."""
    text = _formatted(result, output)
    progress.clear()
    if text or not is_quiet():
        click.echo(text)
    return result.exit_code


def show_decision(result: "Result", output: str) -> ExitCode:
    """Print what a verb that moves a family did; its exit code, even where nothing can be printed.

    The decision is published by then. An exit code that says that it failed would have a pipeline
    make it again, or alarm someone for nothing.
    """
    text = _formatted(result, output)
    progress.clear()
    try:
        if text or not is_quiet():
            click.echo(text)
    except OSError as error:
        discard_output()
        said = f"the output could not be written: {os_errors.reason(error)}"
        say(f"warning: {said}; exit code {result.exit_code} is that of the decision")
        if not isinstance(error, BrokenPipeError):  # there, the reader wanted no more of it
            say(text)
    return result.exit_code


def _formatted(result: "Result", output: str) -> str:
    if output == "json":
        from lockstep.report.result_data import to_envelope

        return to_envelope(result, verb_name()).format()
    from lockstep.report.places import seen_from
    from lockstep.text.sanitise import lines

    seen = seen_from(result, current_folder())
    if is_quiet():
        from lockstep.report.quiet import format_quiet

        return lines(format_quiet(seen))
    from lockstep.model.result import OnBranch
    from lockstep.report.results import format_text
    from lockstep.report.wrapping import fitted

    text = lines(format_text(seen))
    # Decisions are sentences; the other results are tables, findings and blocks.
    return fitted(text, sys.stdout) if isinstance(result, OnBranch) else text
