"""The verb that runs next to a model server: no repository, no git."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from lockstep.cli import options
from lockstep.cli.verbs import Verb
from lockstep.model.amounts import parse_bytes
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.times import parse_duration

T = TypeVar("T")

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@click.command("fetch-model", cls=Verb, exit_codes=(ExitCode.VERIFICATION_FAILED,))
@click.argument("source")
@click.argument("digest")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--timeout", default="15m", show_default=True, help="The most time for all of it, such as 1h."
)
@click.option(
    "--max-size", default="10Gi", show_default=True, help="The most that all files may have."
)
@options.registry
@options.output
def fetch_model(
    source: str,
    digest: str,
    target: Path,
    timeout: str,
    max_size: str,
    registry: str | None,
    output: str,
) -> ExitCode:
    """Fetch the model at SOURCE into the new folder TARGET, if its content has the digest DIGEST.

    SOURCE and DIGEST are those of a lock. TARGET appears at once with all files, or not at all.
    Where it is there already, it is verified again. Exit code 13 where the content has another
    digest, 1 where the registry cannot be reached.
    """
    from lockstep.commands import fetch_model as verb

    if not _DIGEST.fullmatch(digest):
        raise UsageError(
            "DIGEST is not a digest", fix="write it as in the lock: sha256: and 64 digits"
        )
    seconds = _parsed("--timeout", parse_duration, timeout).total_seconds()
    if not seconds:
        raise UsageError("--timeout: no time is left to fetch anything", fix="correct --timeout")
    most = _parsed("--max-size", parse_bytes, max_size)
    given = verb.FetchOptions(source, digest, target, seconds, most, registry)
    return options.show(verb.run(given), output)


def _parsed(option: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", fix=f"correct {option}") from error
