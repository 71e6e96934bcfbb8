"""The verbs about the rules themselves: list, explain, test, docs and bundle."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.bundling import policy_bundle
from lockstep.model.exit_codes import ExitCode


@click.group()
def policy() -> None:
    """Work on the rules under policies/."""


policy.add_command(policy_bundle)


@policy.command("list")
@options.root
@options.output
def policy_list(root: Path, output: str) -> ExitCode:
    """Show all rules."""
    from lockstep.commands import policy_catalogue as verb

    report = verb.list_rules(options.existing(root))
    options.show(report.text, report.data, output)
    return report.exit_code


@policy.command("explain")
@click.argument("rule")
@options.root
@options.output
def policy_explain(rule: str, root: Path, output: str) -> ExitCode:
    """Show what RULE demands, with a bad and a good example, and how to waive it."""
    from lockstep.commands import policy_catalogue as verb

    report = verb.explain_rule(options.existing(root), rule)
    options.show(report.text, report.data, output)
    return report.exit_code


@policy.command("docs")
@click.option("--check", is_flag=True, help="Write nothing; exit with 10 where the page is stale.")
@options.root
@options.output
def policy_docs(check: bool, root: Path, output: str) -> ExitCode:
    """Write the catalogue of the rules, docs/policies.md."""
    from lockstep.commands import policy_catalogue as verb

    report = verb.write_docs(options.existing(root), check=check)
    options.show(report.text, report.data, output)
    return report.exit_code


@policy.command("test")
@click.option("--rule", help="Run the examples of this rule only.")
@options.root
@options.output
def policy_test(rule: str | None, root: Path, output: str) -> ExitCode:
    """Check the rules, run their tests and examples, and demand that every line is covered."""
    from lockstep.commands import policy_test as verb

    report = verb.run(options.existing(root), rule)
    options.show(report.text, report.data, output)
    return report.exit_code
