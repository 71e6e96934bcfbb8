"""Verbs over the whole tree: validate, render and check."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstep.cli import options
from lockstep.cli.opa_options import opa_options
from lockstep.cli.reports import requested
from lockstep.cli.verbs import Verb
from lockstep.edges import clock
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.outcome import SHARD
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions

if TYPE_CHECKING:
    from lockstep.model.outcome import Outcome

_BASE = click.option(
    "--base",
    help="The branch or commit that the change is for, whose rules are used: by default the branch "
    "that Argo CD follows, as last fetched; for a commit on it, the first parent of HEAD.",
)
_STAGED = click.option(
    "--staged", is_flag=True,
    help="Check what is staged, as pre-commit does, without the other changes of the work tree.",
)  # fmt: skip
_ALL = click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Check every family, as the default branch and the schedule do. Without it only the "
    "families that the change touches are checked: the others are as on the base.",
)
_SHARD = click.option("--shard", metavar="I/N", help="Check part I of N only; see merge-reports.")


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@options.root
@options.reporting
def validate(root: Path, **how: Any) -> ExitCode:
    """Check every file against its schema, and that the files fit together."""
    # Imported here, as in all verbs: --help and the other verbs need none of it.
    from lockstep.commands import check as verb

    return requested(**how).run(lambda: verb.validate(options.existing(root)))


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED))
@_BASE
@_STAGED
@_ALL
@_SHARD
@options.now
@opa_options
@options.root
@options.reporting
def check(
    base: str | None,
    staged: bool,
    everything: bool,
    shard: str | None,
    now: str | None,
    opa: OpaOptions,
    root: Path,
    **how: Any,
) -> ExitCode:
    """Validate, evaluate policy, render and compare with rendered/: everything, offline.

    Exit code 0 clean, 10 where a file is malformed or not rendered, 11 where policy denies.
    """
    from lockstep.check.cached import CheckOptions
    from lockstep.commands import check as verb

    part = _shard(shard)

    def run() -> "Outcome":
        given = CheckOptions(clock.now(now), base, part, opa, staged=staged, everything=everything)
        return verb.check(options.existing(root), given)

    return requested(**how).run(run, {} if part == WHOLE else {SHARD: str(part)})


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID))
@click.option(
    "--restored",
    is_flag=True,
    help="Also render the folders in which a rollback restored the verified manifests because the "
    "templates or the program had changed. Without it they stay until their spec changes.",
)
@click.option(
    "--staged",
    is_flag=True,
    help="Render what is staged, as pre-commit does, and write only what the staged change has "
    "made stale. Exit code 10 where something of that is not staged, too.",
)
@click.option(
    "--check",
    "compare",
    is_flag=True,
    help="Write nothing; say which files differ from what the specs declare. Exit code 10 where "
    "one does.",
)
@options.root
@options.showing
def render(
    restored: bool, staged: bool, compare: bool, root: Path, output: str, colour: str
) -> ExitCode:
    """Write rendered/ as the specs declare it; remove what they no longer declare."""
    from lockstep.commands import render as verb

    rendered = verb.run(options.existing(root), restored=restored, staged=staged, compare=compare)
    if output != "json" and (rendered.outcome.findings or output != "text"):
        requested(output, colour).show(rendered.outcome)
        if not rendered.compared or output != "text":
            return rendered.exit_code
    return options.show(rendered, output)


@click.command(cls=Verb, exit_codes=(ExitCode.NOTHING_TO_CHECK, ExitCode.INVALID, ExitCode.DENIED))
@click.option(
    "--source",
    help="Where this program is installed from: the URL of an index or of a wheel, or git+https "
    "with a commit. By default that of the pin.",
)
@click.option("--hash", "digest", help="The digest of its wheel: sha256: and 64 digits.")
@options.now
@options.root
@options.output
def upgrade(
    source: str | None, digest: str | None, now: str | None, root: Path, output: str
) -> ExitCode:
    """Pin the fleet in lockstep.yaml to this program, render with it, and check the change.

    Install the new version first. What it changes is to be one pull request.
    """
    from lockstep.check.cached import CheckOptions
    from lockstep.commands import upgrade as verb

    given = CheckOptions(clock.now(now), everything=True)
    return options.show(verb.run(options.existing(root), given, source, digest), output)


def _shard(text: str | None) -> Shard:
    try:
        return WHOLE if text is None else Shard.parse(text)
    except ValueError as error:
        raise UsageError(f"--shard: {error}", fix="write it like --shard 2/4") from error
