"""The verb that carries versions from one environment to the next: promote."""

from typing import Any

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode


@click.command(
    cls=Verb,
    exit_codes=(
        ExitCode.NOTHING_TO_CHECK,
        ExitCode.INVALID,
        ExitCode.DENIED,
        ExitCode.GATE_CLOSED,
        ExitCode.VERIFICATION_FAILED,
    ),
)
@click.argument("family", required=False)
@click.argument("version", required=False)
@click.option(
    "--to",
    help="The environment that the version enters; needed where it is due in several.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Promote what is due in every environment that has spec.promotion.",
)
@click.option(
    "--reason", default="", help="Why, in a sentence; by default that it was verified, and where."
)
@options.waiting_is_clean
@click.option("--dry-run", is_flag=True, help="Show what would be proposed; publish nothing.")
@options.root
@options.registry
@options.now
@options.output
@options.remote
@options.branch
def promote(
    family: str | None,
    version: str | None,
    to: str | None,
    everything: bool,
    reason: str,
    waiting_is_clean: bool,
    output: str,
    **given: Any,
) -> ExitCode:
    """Propose the version of FAMILY that the predecessor of an environment has verified.

    It is looked for in the registry of that environment, by its content. VERSION names one by its
    number there, which may be older. Exit code 12 while it may not be promoted yet.
    """
    from lockstep.commands.promote import run
    from lockstep.transactions.promotion_plan import PromotionRequest

    if everything == (family is not None):
        raise UsageError("promote needs one family, or --all", fix="lockstep promote FAMILY")
    if everything and given["branch"] is not None:
        raise UsageError("--all writes to a branch for each family", fix="leave out --branch")
    if waiting_is_clean and not everything:
        raise UsageError("--waiting-is-clean is for --all", fix="leave out --waiting-is-clean")
    request = PromotionRequest(family, version, to, reason, waiting_is_clean)
    return options.show_decision(run(options.run_options(**given), request), output)
