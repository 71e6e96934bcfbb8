"""The verbs about the rules themselves: list, explain, test, docs and bundle."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.edges import progress
from lockstep.model.exit_codes import ExitCode

# No HS256 and the like: with a shared key, everyone who can verify a bundle could sign one.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")

_SCOPES = ("cluster", "family", "environment")


@click.group()
def policy() -> None:
    """Work on the rules under policies/."""


@policy.command("list", cls=Verb, exit_codes=(ExitCode.INVALID,))
@options.root
@options.output
def policy_list(root: Path, output: str) -> ExitCode:
    """Show all rules."""
    from lockstep.commands import policy_catalogue as verb

    return options.show(verb.list_rules(options.existing(root)), output)


@policy.command("explain", cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.argument("rule")
@options.root
@options.output
def policy_explain(rule: str, root: Path, output: str) -> ExitCode:
    """Show what RULE requires, with a bad and a good example, and how to waive it."""
    from lockstep.commands import policy_catalogue as verb

    return options.show(verb.explain_rule(options.existing(root), rule), output)


@policy.command("docs", cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 10 where the page is out of date."
)
@options.root
@options.output
def policy_docs(check: bool, root: Path, output: str) -> ExitCode:
    """Write the catalogue of the rules, docs/reference/rules.md."""
    from lockstep.commands import policy_catalogue as verb

    return options.show(verb.write_docs(options.existing(root), check=check), output)


@policy.command("test", cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@click.option("--rule", help="Run the tests and the examples of this rule only.")
@options.root
@options.output
def policy_test(rule: str | None, root: Path, output: str) -> ExitCode:
    """Check the rules, run their tests and examples, and require that every line is covered."""
    from lockstep.commands import policy_test as verb

    return options.show(verb.run(options.existing(root), rule, progress.say), output)


@policy.command("new", cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.argument("rule")
@click.option(
    "--scope", type=click.Choice(_SCOPES), default="cluster", show_default=True,
    help="What one evaluation sees.",
)  # fmt: skip
@click.option(
    "--category",
    help="The chapter of the catalogue; by default that of the example.",
)  # fmt: skip
@options.root
@options.output
def policy_new(
    rule: str, scope: str, category: str | None, root: Path, output: str
) -> ExitCode:  # fmt: skip
    """Write a rule with its test and examples to start from, in policies/rules/RULE/."""
    from lockstep.commands import policy_new as verb
    from lockstep.policy.rules import Scope

    return options.show(verb.run(options.existing(root), rule, Scope(scope), category), output)


@policy.command("copy", cls=Verb, exit_codes=(ExitCode.INVALID,))
@click.argument("rule")
@options.replacing
@options.root
@options.output
def policy_copy(rule: str, owner: str, reason: str, root: Path, output: str) -> ExitCode:
    """Bring a rule that ships into the fleet, to be replaced by one of your own."""
    from lockstep.commands import replace as verb

    return options.show(verb.rule(options.existing(root), rule, owner, reason), output)


@policy.command("bundle", cls=Verb, exit_codes=())
@click.option(
    "--output", "-o", "file", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="The bundle to write, a .tar.gz.",
)  # fmt: skip
@click.option(
    "--signing-key", type=click.Path(path_type=Path), help="A private key in PEM to sign it with."
)
@click.option(
    "--signing-alg", type=click.Choice(_ALGORITHMS), default="RS256", show_default=True,
    help="How to sign it.",
)  # fmt: skip
@options.root
@options.output
def policy_bundle(
    file: Path, signing_key: Path | None, signing_alg: str, root: Path, output: str
) -> ExitCode:
    """Write the rules as a bundle for an OPA that check uses with --opa-url."""
    from lockstep.commands import policy_bundle as verb
    from lockstep.opa.bundle import Signing

    signing = Signing(signing_key, signing_alg) if signing_key else None
    return options.show(verb.run(options.existing(root), file, signing), output)
