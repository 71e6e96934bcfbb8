"""Verbs about the schemas of files: their reference."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.model.exit_codes import ExitCode


@click.group()
def schema() -> None:
    """Work on the schemas under policies/schemas/."""


@schema.command("docs")
@click.option(
    "--check", "compare", is_flag=True, help="Write nothing; say whether it is up to date."
)
@options.root
@options.output
def schema_docs(compare: bool, root: Path, output: str) -> ExitCode:
    """Write docs/schemas.md, the reference of all fields, from the schemas.

    Exit code 10 where --check finds that it is stale.
    """
    from lockstep.commands import schema_docs as verb
    from lockstep.report.text import format_outcome

    done = verb.run(options.existing(root), compare=compare)
    text = f"{verb.PATH} {'written' if done.written else 'is up to date'}"
    if done.outcome.findings:
        text = format_outcome(done.outcome)
    findings = [finding.to_json() for finding in done.outcome.findings]
    options.show_page(text, {"written": done.written, "findings": findings}, output)
    return done.outcome.exit_code
