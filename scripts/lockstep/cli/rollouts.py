"""Verbs about rollouts: those that move a family, and lock."""

from pathlib import Path
from typing import Any

import click

from lockstep.cli import options
from lockstep.cli.reports import refuse_unwritable, write_text
from lockstep.cli.verbs import Verb
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.text.sanitise import quoted

_FAMILY = click.argument("family")
_ANY_FAMILY = click.argument("family", required=False)


@click.command(
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.VERIFICATION_FAILED),
)
@_ANY_FAMILY
@click.argument("version", required=False)
@click.option("--check", "compare", is_flag=True, help="Compare with the registry, write nothing.")
@options.registered
def lock(
    family: str | None, version: str | None, compare: bool, output: str, **given: Any
) -> ExitCode:
    """Write the registry's facts about VERSION of FAMILY; with --check compare those written."""
    from lockstep.commands import lock as verb

    run_options = options.run_options(**given)
    if compare:
        return options.show(verb.check(run_options, family), output)
    if family is None or version is None:
        raise UsageError("lock needs a family and a version", fix="lockstep lock FAMILY VERSION")
    return options.show(verb.write(run_options, family, version), output)


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
@_FAMILY
@click.argument("version", required=False)
@click.option("--newest", is_flag=True, help="Propose the newest registered version.")
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="KEY=VALUE",
    help="With --newest: only versions with this tag and exactly this value count; repeatable.",
)
@click.option("--reason", default="", help="Why, in a sentence; by default that it was registered.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show everything that the version lacks, and what later gates will read; publish nothing.",
)
@options.by_pull_request
def propose(
    family: str,
    version: str | None,
    newest: bool,
    tags: tuple[str, ...],
    reason: str,
    output: str,
    **given: Any,
) -> ExitCode:
    """Commit VERSION as candidate of FAMILY, with lock, manifests and record, on a branch.

    By default that is a branch below lockstep/, at the remote, which is to be merged. With --newest
    it is the newest version that is ready, not archived, and no older than what serves. A dry run
    ends with the exit code that the proposal would have.
    """
    from lockstep.commands.propose import run
    from lockstep.transactions.propose import ProposalRequest

    if (version is None) != newest:
        raise UsageError(
            "propose needs a version or --newest, and not both",
            fix="lockstep propose FAMILY VERSION, or lockstep propose FAMILY --newest",
        )
    if tags and not newest:
        raise UsageError("--tag chooses among versions", fix="add --newest, or leave out --tag")
    request = ProposalRequest(family, version, reason, _tags(tags))
    return options.show_decision(run(options.run_options(**given), request), output)


def _tags(given: tuple[str, ...]) -> dict[str, str]:
    """Tags by name. Raises UsageError for one without a name or a value, or with two values."""
    tags: dict[str, str] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise UsageError(f"--tag {quoted(each, 80)} is not KEY=VALUE", fix="--tag stage=gold")
        if tags.setdefault(key, value) != value:
            raise UsageError(
                f"--tag {quoted(key, 80)} has two values", fix="give each tag one value"
            )
    return tags


@click.command(
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED, ExitCode.GATE_CLOSED),
)
@click.argument("families", nargs=-1)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show the decision and its id, or what it waits for; publish nothing.",
)
@click.option(
    "--rollbacks-only",
    is_flag=True,
    help="Make rollbacks and holds only, and list the forward decisions that are due.",
)
@click.option(
    "--due",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --rollbacks-only: write the ids of these decisions there, one a line.",
)
@click.option(
    "--decision",
    "ids",
    multiple=True,
    metavar="ID",
    help="Make this forward decision if it is due, and no other one; repeatable.",
)
@options.waiting_is_clean
@options.moving
def advance(
    families: tuple[str, ...],
    rollbacks_only: bool,
    due: Path | None,
    ids: tuple[str, ...],
    waiting_is_clean: bool,
    output: str,
    **given: Any,
) -> ExitCode:
    """Evaluate the gates of each of FAMILIES (by default all) and make the decision that is due.

    Exit code 12 while a family may not move, or when it was rolled back. Where an approval is
    missing, the report has the command that approves; --dry-run shows it without a decision.
    """
    from lockstep.commands.advance import run
    from lockstep.transactions.advance import AdvanceRequest
    from lockstep.transactions.forward import Permitted

    if due is not None and not rollbacks_only:
        raise UsageError("--due lists what --rollbacks-only leaves", fix="add --rollbacks-only")
    request = AdvanceRequest(families, Permitted(rollbacks_only, ids), waiting_is_clean)
    if due is not None:
        refuse_unwritable(due)
        # A list of an earlier run must not be taken for that of this one, whatever happens.
        write_text(due, "")
    done = run(options.run_options(**given), request)
    code = options.show_decision(done, output)
    if due is not None:
        write_text(due, "".join(f"{each}\n" for each in done.due))
    return code


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED))
@_FAMILY
@options.reason
@options.by_pull_request
def hold(family: str, reason: str, output: str, **given: Any) -> ExitCode:
    """Pause the rollout of FAMILY; a gate that fails still rolls it back."""
    from lockstep.commands.hold import run

    return options.show_decision(run(options.run_options(**given), family, reason), output)


@click.command(
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED, ExitCode.GATE_CLOSED),
)
@_FAMILY
@options.reason
@options.moving
def resume(family: str, reason: str, output: str, **given: Any) -> ExitCode:
    """Continue the rollout of FAMILY after a hold; the bake of its step starts again."""
    from lockstep.commands.resume import run

    return options.show_decision(run(options.run_options(**given), family, reason), output)


@click.command(
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED, ExitCode.GATE_CLOSED),
)
@_FAMILY
@click.argument("version", required=False)
@options.reason
@options.by_pull_request
def revert(family: str, version: str | None, reason: str, output: str, **given: Any) -> ExitCode:
    """Roll VERSION of FAMILY back, in every cluster, and quarantine it.

    Without VERSION the candidate of the running rollout; a proposal that got no traffic is only
    withdrawn, and specs that were edited outside of a rollout return to their record. Exit code
    12 where nothing could be rolled back. Safe to run twice.
    """
    from lockstep.commands.revert import run

    return options.show_decision(run(options.run_options(**given), family, version, reason), output)


@click.command(
    cls=Verb,
    exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED, ExitCode.GATE_CLOSED),
)
@_FAMILY
@click.argument("version")
@options.reason
@options.by_pull_request
def release(family: str, version: str, reason: str, output: str, **given: Any) -> ExitCode:
    """End the quarantine of VERSION of FAMILY in this environment."""
    from lockstep.commands.release import run

    return options.show_decision(run(options.run_options(**given), family, version, reason), output)


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED))
@_FAMILY
@options.reason
@options.by_pull_request
def adopt(family: str, reason: str, output: str, **given: Any) -> ExitCode:
    """Record the committed state of FAMILY as verified: a revert returns to it."""
    from lockstep.commands.adopt import run

    return options.show_decision(run(options.run_options(**given), family, reason), output)
