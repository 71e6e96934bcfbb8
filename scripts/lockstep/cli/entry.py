"""The program ``lockstep``: finds the verb, runs it, turns its outcome into an exit code."""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from types import FrameType
from typing import NoReturn

import click

from lockstep import __version__
from lockstep.cli.failures import report_error, report_usage
from lockstep.cli.streams import flushed, open_standard_streams, say
from lockstep.edges import bounded, stopping
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode

# A run makes many small objects, hardly any cycle, and ends: looking for garbage is wasted time.
# Not reached by the import of MLflow, which makes half a million that live as long as the process.
_OBJECTS_BETWEEN_COLLECTIONS = 1_000_000

# Seconds. One thread renders while others wait for OPA and its compiler; each of their many short
# calls would wait for ten times as long until it goes on.
_SWITCH_THREADS_AFTER = 0.0005

_MOMENT = 0.005  # seconds: what Python does with its import lock held takes far less

# Each verb, the module that holds it, and what it does in a line.
_VERBS = {
    "add": ("scaffolds", "Write the files of a further environment, family or cluster."),
    "adopt": ("rollouts", "Record the committed state as verified, with a reason."),
    "advance": ("rollouts", "Evaluate the gates, and make the one decision that is due."),
    "approval": ("approvals", "Set the status of a pull request: what needs approval has it."),
    "audit": ("audit", "Show who decided what and why; --verify and --replay check it."),
    "check": ("checks", "Validate, evaluate policy, render and compare: what CI runs."),
    "comment": ("reviews", "Post a review as the one comment on its pull request."),
    "diff": ("reviews", "Show what a change does to manifests and rules, dangers first."),
    "doctor": ("tools", "Show what is missing here, and how to fix it."),
    "drift": ("live", "Show where live clusters and the registry differ from git."),
    "fetch-model": ("serving", "Put the model of a lock into a folder, verified: what pods run."),
    "hold": ("rollouts", "Pause a rollout until it is resumed."),
    "init": ("scaffolds", "Write the few files of a new fleet."),
    "lock": ("rollouts", "Write the registry's facts about a version, or compare them."),
    "merge-reports": ("reports", "Merge the reports of several checks into one."),
    "policy": ("policies", "Work on the rules: list, explain, test, new, copy, docs, bundle."),
    "promote": ("promotions", "Propose here what the environment before has verified."),
    "propose": ("rollouts", "Commit a registered version as candidate, on a branch."),
    "release": ("rollouts", "End the quarantine of a version, with a reason."),
    "render": ("checks", "Write the manifests that the specs declare."),
    "resume": ("rollouts", "Continue a rollout after a hold."),
    "review": ("reviews", "Show reviewers what a change does, with what its check has found."),
    "revert": ("rollouts", "Roll a version back, in every cluster of a family."),
    "schema": ("schemas", "Work on the schemas: write the references of all fields."),
    "site": ("site", "Write the page of the fleet: HTML that needs no server."),
    "status": ("status", "Show what every cluster serves, and how far each rollout is."),
    "template": ("templates", "Work on the templates of manifests: copy."),
    "tools": ("tools", "Build the programs that Lockstep needs: opa."),
    "upgrade": ("checks", "Pin the fleet to this program, render, and show what changes."),
    "validate": ("checks", "Check every file against its schema."),
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            # click looks among the verbs that are imported, and none is.
            raise click.NoSuchCommand(error.command_name, possibilities=_VERBS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # From the table: click would import every verb for its summary.
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in sorted(_VERBS.items())])


_HELP = f"""\
Keep clusters of model versions in git: declared, checked, rolled out in lockstep.

Exit codes: {", ".join(f"{code.value} {code.words}" for code in ExitCode)}, 130 stopped by Ctrl-C.
"""


@click.group(cls=_Verbs, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lockstep")
def program() -> None:
    """The program: verbs, which it imports when they are named."""


def main() -> None:
    """The console script: runs the arguments of the process and exits with the verb's code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    sys.setswitchinterval(_SWITCH_THREADS_AFTER)
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell starts what runs in the background with Ctrl-C ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    open_standard_streams()
    try:
        code = run(sys.argv[1:])
    except stopping.Stopped as stopped:
        code = stopped.exit_code
        say("stopped")
    # Lost output must not end in exit code 0: a pipeline would read a cut report as clean.
    _end(code if flushed() else code or ExitCode.COULD_NOT_RUN)


def _end(code: int) -> NoReturn:
    """End the process, even where a thread waits for a server that may never answer."""
    if bounded.is_waiting():
        # A client may have started threads of its own, which Python's exit would wait for. Exit
        # functions of others may fail while these go on, which is nothing to report.
        sys.unraisablehook = _report_nothing
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def _report_nothing(_: object) -> None:
    """What Python calls for an exception that it cannot raise, such as one in a destructor."""


def _stop(number: int, frame: FrameType | None) -> None:
    """Unwind, which cleans up after the verb; a second signal ends the process at once."""
    signal.signal(number, signal.SIG_DFL)
    if _is_importing(frame):
        # In a moment. An exception in Python's own code for imports can leave its lock held, and
        # then every other thread waits for ever.
        signal.signal(signal.SIGALRM, lambda _, here: _stop(number, here))
        signal.setitimer(signal.ITIMER_REAL, _MOMENT)
        return
    stopped = stopping.Stopped(number)
    # Where this interrupts a callback, Python would print it and go on; the next program that is
    # to be started raises it again.
    sys.unraisablehook = _report_nothing
    stopping.stop(stopped)
    raise stopped


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a signal has interrupted the code with which Python imports modules."""
    return frame is not None and frame.f_globals.get("__name__") == "importlib._bootstrap"


def run(arguments: Sequence[str], command: click.Command = program) -> int:
    """Run one command line of ``command``; its exit code. Only a bug leaves a traceback."""
    bounded.start_run()
    stopping.start()
    try:
        _refuse_bytes(arguments)
        # In standalone mode click would end the process itself, with exit codes of its own.
        code = command.main(list(arguments), prog_name="lockstep", standalone_mode=False)
    except click.ClickException as error:
        return report_usage(error, arguments, command)
    except click.Abort:  # Ctrl-C where main has not taken it over
        say("stopped")
        return 128 + signal.SIGINT
    except LockstepError as error:
        return report_error(error, arguments, command)
    except OSError as error:  # most likely a full disk, or a terminal that is gone
        return report_error(_refused(error), arguments, command)
    return int(code or 0)


def _refused(error: OSError) -> LockstepError:
    from lockstep.edges.os_errors import advice, reason  # most runs, and --help, need none of it

    return LockstepError(
        f"the system refused to read or write: {reason(error)}",
        where=str(error.filename or "the output of this verb"),
        fix=advice(error, "make room on the disk, or check where the output goes"),
    )


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """Raise UsageError for arguments that no record or commit message could hold."""
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
