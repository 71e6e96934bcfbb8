"""The verb that shows and checks the ledger: ``lockstep audit``."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from lockstep.model.result import Result


@click.command(
    cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.VERIFICATION_FAILED)
)
@click.argument("family", required=False)
@click.option(
    "--since",
    metavar="TIME",
    help="Only decisions since a time or a date (in UTC), or for so long: 2w, 2d, 12h.",
)
@click.option("--until", metavar="TIME", help="Only decisions until a time, in the same forms.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@click.option("--version", metavar="V", help="Only decisions about this version.")
@click.option(
    "--at",
    metavar="TIME",
    help="What served where at a time or at the start of a date (in UTC), by the records alone.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Check the chain of records, their schema and times, git and the specs against them.",
)
@click.option("--replay", "again", is_flag=True, help="Recompute each verdict from its record.")
@options.root
@options.environment
@options.remote
@options.no_fetch
@options.work_tree
@options.now
@options.output
def audit(
    family: str | None,
    since: str | None,
    until: str | None,
    last: int | None,
    version: str | None,
    at: str | None,
    verify: bool,
    again: bool,
    now: str | None,
    root: Path,
    no_fetch: bool,
    output: str,
    **given: Any,
) -> ExitCode:
    """Show who decided what, when and why, the newest first (for FAMILY only, where it is given).

    With --at show what served where, and with --verify or --replay whether the records hold: a
    line for each family, and what is wrong.
    """
    from lockstep.commands import audit as verb
    from lockstep.model.audit_results import AuditSelection

    selecting = {"--since": since, "--until": until, "--last": last, "--version": version}
    _refuse_contradictions(selecting, at, {"--verify": verify, "--replay": again})
    decided = clock.now(now)
    request = verb.AuditRequest(
        options.existing(root), decided, family,
        time_given=now is not None, fetch=not no_fetch, **given,
    )  # fmt: skip
    result: Result
    if at is not None:
        result = verb.show_served(request, _past(at, decided, "--at"))
    elif verify or again:
        result = verb.judge(request, verify=verify, again=again)
    else:
        start, end = _range(since, until, decided)
        result = verb.show(request, AuditSelection(start, end, last, version))
    return options.show(result, output)


def _refuse_contradictions(
    selecting: Mapping[str, object], at: str | None, judging: Mapping[str, bool]
) -> None:
    selects = [name for name, value in selecting.items() if value is not None]
    judges = [name for name, value in judging.items() if value]
    if at is not None and (others := [*selects, *judges]):
        raise UsageError(
            f"--at shows one moment, and {others[0]} asks for something else",
            fix=f"leave out {others[0]}, or run audit once more with it",
        )
    if selects and judges:
        raise UsageError(
            f"{judges[0]} is about whole ledgers, and {selects[0]} selects decisions",
            fix=f"leave out {selects[0]}, or run audit once more with it",
        )


def _range(
    since: str | None, until: str | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """From when until when decisions are shown. Raises UsageError where nothing can be between."""
    start = None if since is None else _past(since, now, "--since")
    end = None if until is None else _past(until, now, "--until")
    if start and end and end < start:
        raise UsageError("--until is before --since", fix="exchange the two times")
    return start, end


def _past(given: str, now: datetime, option: str) -> datetime:
    """A time that is not after now. Raises UsageError otherwise."""
    from lockstep.model.times import format_time

    found = clock.moment(given, now, option)
    if found > now:
        raise UsageError(
            f"{option} {format_time(found)} is in the future; it is {format_time(now)}",
            fix="give a time that is over; --now sets the time that counts as now",
        )
    return found
