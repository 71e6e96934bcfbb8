"""Errors that end a run: as text on standard error, and as JSON where that was asked for."""

import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from lockstep.cli.streams import say
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode

_FORMAT = "--format"


def report_error(error: LockstepError, arguments: Sequence[str], program: click.Command) -> int:
    """Print an error; its exit code. ``arguments`` are those of the run."""
    # Their modules take longer than all of --help.
    from lockstep.cli.places import where_seen_from_here
    from lockstep.report.wrapping import fitted
    from lockstep.text.sanitise import lines

    _print_json(error, arguments, program)
    # Messages quote specs and servers, whose control characters must not reach a terminal.
    if not any(word.startswith("--root") for word in arguments):
        error.where = where_seen_from_here(error.where)
    say(fitted(lines(error.diagnostics()), sys.stderr))
    return error.exit_code


def report_usage(
    error: click.ClickException, arguments: Sequence[str], program: click.Command
) -> int:
    """Print what click says of a command line that makes no sense; the exit code."""
    verb = verb_of(arguments, program)
    fix = f"run lockstep {verb} --help" if verb else "run lockstep --help"
    _print_json(UsageError(error.format_message(), fix=fix), arguments, program)
    with suppress(OSError):
        error.show()
    return ExitCode.USAGE


def _print_json(error: LockstepError, arguments: Sequence[str], program: click.Command) -> None:
    if error.reported or not wants_json(arguments):
        return
    from lockstep.report.envelope import failure

    # Where it cannot be written, the exit code has to say it all.
    with suppress(OSError):
        click.echo(failure(verb_of(arguments, program), error).format())


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON; read without click, which may have refused it."""
    asked = ""
    for before, word in zip(("", *arguments), arguments, strict=False):
        if word == "--":
            break
        if before == _FORMAT:
            asked = word
        elif word.startswith(f"{_FORMAT}="):
            asked = word.partition("=")[2]
    return asked == "json"


def verb_of(arguments: Sequence[str], program: click.Command) -> str:
    """The words of the verb that a command line names, such as ``policy list``; may be empty."""
    command, words = program, list[str]()
    for word in arguments:
        inner = None
        if isinstance(command, click.Group):
            inner = command.get_command(click.Context(command), word)
        if inner is None:
            break
        words.append(word)
        command = inner
    return " ".join(words)
