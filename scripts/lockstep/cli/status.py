"""The verb status: on the terminal in colour and again and again, elsewhere once as plain text."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockstep.cli import options
from lockstep.cli.places import current_folder
from lockstep.cli.reports import is_coloured
from lockstep.cli.verbs import Verb, is_quiet
from lockstep.cli.watch import SECONDS, Every, require_terminal, watch
from lockstep.edges import clock
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from lockstep.model.file_results import Status


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@click.argument("family", required=False)
@click.option(
    "--watch", "every", type=Every(), is_flag=False, flag_value=str(SECONDS), metavar="[SECONDS]",
    help=f"Draw it again on the terminal, every {SECONDS} seconds or as given, until Ctrl-C.",
)  # fmt: skip
@options.root
@options.environment
@options.remote
@options.no_fetch
@options.work_tree
@options.now
@options.output
@options.colour
def status(
    family: str | None,
    every: int | None,
    root: Path,
    environment: str | None,
    remote: str | None,
    no_fetch: bool,
    work_tree: bool,
    now: str | None,
    output: str,
    colour: str,
) -> ExitCode:
    """Show what every cluster serves and how far its rollout is (of FAMILY, where it is given).

    A block for each family: its state, what it waits for and until when, the traffic by region,
    what its gates said at the last decision, and its quarantine. What needs people comes first.
    """
    from lockstep.commands.status import run
    from lockstep.report.block import block_width
    from lockstep.report.places import seen_from
    from lockstep.report.status import format_status

    if every is not None and (now is not None or output != "text" or is_quiet()):
        raise UsageError(
            "--watch shows what is now, as text", fix="leave out --now, --format and --quiet"
        )
    if every is not None:
        require_terminal()
    coloured = is_coloured(colour)
    folder = options.existing(root)

    def drawn(result: "Status", *, brief: bool = False) -> str:
        seen = seen_from(result, current_folder())
        return format_status(seen, width=block_width(), colour=coloured, brief=brief)

    def show() -> "Status":
        return run(
            folder, clock.now(now), family, environment, remote,
            work_tree=work_tree, fetch=not no_fetch,
        )  # fmt: skip

    if every is not None:
        return watch(lambda: drawn(show(), brief=True), every)
    result = show()
    if output != "text" or is_quiet():
        return options.show(result, output)
    click.echo(drawn(result), color=coloured)
    return result.exit_code
