"""The verb that writes the page of a fleet: ``lockstep site``."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.exit_codes import ExitCode


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@click.option(
    "--output", "folder", type=click.Path(path_type=Path), default=Path("build/site"),
    show_default=True, metavar="FOLDER",
    help="Where to write it: a folder that is missing, empty, or from an earlier run.",
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, metavar="N",
    help="How many days before now the time lines, and the decisions with their evidence, begin.",
)  # fmt: skip
@options.root
@options.remote
@options.no_fetch
@options.work_tree
@options.now
@options.output
def site(
    folder: Path,
    days: int,
    root: Path,
    remote: str | None,
    no_fetch: bool,
    work_tree: bool,
    now: str | None,
    output: str,
) -> ExitCode:
    """Write the page of the fleet: HTML files that a browser shows without a server.

    The first page has every family with its state, its traffic and what it waits for, freezes,
    and waivers that end soon. Each family has a page with its time line, gates and decisions. A
    mistake in the files of one family, or a broken record, is shown there, and ends this with exit
    code 10; the page is written all the same.
    """
    from lockstep.commands.site import SiteRequest, run

    request = SiteRequest(
        options.existing(root), folder, clock.now(now), days, remote,
        work_tree=work_tree, fetch=not no_fetch,
    )  # fmt: skip
    return options.show(run(request), output)
