"""Verbs about the templates of manifests."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.model.exit_codes import ExitCode


@click.group()
def template() -> None:
    """Work on the templates under templates/."""


@template.command("copy", cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.argument("name")
@options.replacing
@options.root
@options.output
def template_copy(name: str, owner: str, reason: str, root: Path, output: str) -> ExitCode:
    """Bring a template that ships into the fleet, to be replaced by one of your own."""
    from lockstep.commands import replace as verb

    return options.show(verb.template(options.existing(root), name, owner, reason), output)
