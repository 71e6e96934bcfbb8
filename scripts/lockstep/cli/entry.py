"""The program ``lockstep``: finds the verb, runs it, turns its outcome into an exit code."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO, TextIOWrapper
from typing import NoReturn

import click

from lockstep import __version__
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.text.sanitise import lines

# A run makes many small objects, hardly any cycle, and ends: looking for garbage is wasted time.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000

# Seconds. One thread renders while others wait for OPA and its compiler; each of their many short
# calls would wait for ten times as long until it goes on.
_SWITCH_THREADS_AFTER = 0.0005

# Each verb, the module that holds it, and what it does in a line.
_VERBS = {
    "adopt": ("moving", "Make a hand-made or first state the truth, with a reason."),
    "advance": ("moving", "Ask the gates, and make the one decision that is due."),
    "audit": ("reading", "Show who decided what and why; --verify and --replay prove it."),
    "check": ("checking", "Validate, ask policy, render and compare: what CI runs."),
    "hold": ("moving", "Let a rollout stand still until people resume it."),
    "lock": ("locking", "Write down what the registry says of a version, or compare."),
    "merge-reports": ("reporting", "Make one report of those of several checks."),
    "policy": ("policies", "Work on the rules: list, explain, test, docs, bundle."),
    "propose": ("moving", "Commit a registered version as candidate, on a branch."),
    "release": ("moving", "End the quarantine of a version, with a reason."),
    "render": ("checking", "Write the manifests that the specs declare."),
    "resume": ("moving", "Leave a hold."),
    "revert": ("moving", "Take the newest version back, in every cluster of a family."),
    "schema": ("schemas", "Work on the schemas: write the reference of all fields."),
    "status": ("reading", "Show how every cluster stands."),
    "validate": ("checking", "Hold every file against its schema."),
}


class _Verbs(click.Group):
    """Imports a verb when it is named, so that ``--help`` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module = import_module(f"lockstep.cli.{_VERBS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in sorted(_VERBS.items())])


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lockstep")
def program() -> None:
    """Keep clusters of model versions right: declared in git, checked, rolled out in lockstep.

    Exit codes: 0 clean, 1 could not run, 2 usage, 3 nothing to check, 10 invalid,
    11 denied by policy, 12 gate closed, 13 verification failed.
    """


def main() -> None:
    """The console script: runs the arguments of the process and exits with the verb's code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    sys.setswitchinterval(_SWITCH_THREADS_AFTER)
    signal.signal(signal.SIGTERM, _stop)
    _open_standard_streams()
    code = run(sys.argv[1:])
    sys.exit(code if _flushed() else code or ExitCode.COULD_NOT_RUN)


def _stop(number: int, _: object) -> NoReturn:
    """End as by Ctrl-C, with what was started and written for it; a second time at once."""
    signal.signal(number, signal.SIG_DFL)
    sys.exit(128 + number)


def run(arguments: Sequence[str], command: click.Command = program) -> int:
    """Run one command line of ``command``; its exit code. Only a bug leaves a traceback."""
    try:
        _refuse_bytes(arguments)
        code = command.main(list(arguments), prog_name="lockstep", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except click.Abort:
        click.echo("stopped", err=True)
        return ExitCode.COULD_NOT_RUN
    except LockstepError as error:
        click.echo(lines(error.diagnostics()), err=True)
        return error.exit_code
    except OSError as error:  # what opens a file says more; this is a full disk, or a lost terminal
        refused = LockstepError(
            f"the system refused to read or write: {error.strerror or error}",
            where=str(error.filename or "what this verb prints or keeps"),
            fix="make room, or look where the output goes",
        )
        click.echo(lines(refused.diagnostics()), err=True)
        return refused.exit_code
    return int(code or 0)


def _open_standard_streams() -> None:
    """Give a process that was started without them (``>&-``) streams that lead nowhere.

    Else the first file that is opened would take their place, and get what is printed. And what
    the encoding of a terminal does not have is shown as an escape.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            setattr(sys, name, open(handle, mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _flushed() -> bool:
    """Whether all that was printed has arrived; what has not is dropped, and not tried again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return False
    return True


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """Raise UsageError for what no record or commit message could hold."""
    try:
        "".join(arguments).encode()
    except UnicodeEncodeError as error:
        raise UsageError("an argument is not UTF-8", fix="write it in UTF-8") from error


def invoke(arguments: Sequence[str]) -> tuple[int, str]:
    """Run one command line inside this process: its exit code, and all that it printed."""
    sink = StringIO()
    errors, sys.stderr = sys.stderr, sink
    try:
        with redirect_stdout(sink):
            code = run(arguments)
    finally:
        sys.stderr = errors
    return code, sink.getvalue()
