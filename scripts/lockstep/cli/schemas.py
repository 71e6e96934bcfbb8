"""Verbs about the schemas of files: the references."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.model.exit_codes import ExitCode


@click.group()
def schema() -> None:
    """Work on the schemas under policies/schemas/."""


@schema.command("docs", cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.option(
    "--check", "compare", is_flag=True, help="Write nothing; say whether they are up to date."
)
@options.root
@options.output
def schema_docs(compare: bool, root: Path, output: str) -> ExitCode:
    """Write the generated pages of docs/reference/: fields, records, manifests, verbs and the like.

    Exit code 10 where --check finds that one is out of date.
    """
    from lockstep.cli import reference
    from lockstep.commands import schema_docs as verb

    pages = verb.run(options.existing(root), reference.pages(), compare=compare)
    return options.show(pages, output)
