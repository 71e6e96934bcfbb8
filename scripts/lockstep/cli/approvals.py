"""The verb about what people approve in pull requests."""

import os
from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.exit_codes import ExitCode


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@click.option("--head", required=True, metavar="SHA", help="The head of the pull request.")
@click.option("--dry-run", is_flag=True, help="Show the status, and do not set it.")
@options.root
@options.remote
@options.now
@options.output
def approval(
    head: str, dry_run: bool, root: Path, remote: str | None, now: str | None, output: str
) -> ExitCode:
    """Set the status lockstep/approval on SHA at the forge, for a branch's protection to require.

    It is success where nothing of the pull request needs an approval, or a person has approved
    exactly this commit who may do so by policies/data/approvers.yaml of the followed branch. It is
    pending otherwise, and failure where it could not be found out, which is exit code 1.
    """
    from lockstep.commands.approval import run
    from lockstep.transactions.pull_request_approval import ApprovalRequest

    request = ApprovalRequest(
        options.existing(root), head, clock.now(now), os.environ, remote, dry_run=dry_run
    )
    return options.show(run(request), output)
