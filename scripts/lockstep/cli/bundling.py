"""The verb ``policy bundle``."""

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.model.exit_codes import ExitCode

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


@click.command("bundle")
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
    """Write the rules as a bundle for an OPA that check asks with --opa-url."""
    from lockstep.commands import policy_bundle as verb
    from lockstep.opa.bundle import Signing

    signing = Signing(signing_key, signing_alg) if signing_key else None
    report = verb.run(options.existing(root), file, signing)
    options.show(report.text, report.data, output)
    return report.exit_code
