"""How the outcome of a check is printed and written to files, and the verb merge-reports."""

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from lockstep.cli import options
from lockstep.cli.places import current_folder
from lockstep.cli.verbs import Verb, is_quiet, verb_name
from lockstep.edges import progress
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.text.sanitise import one_line, quoted

if TYPE_CHECKING:
    from lockstep.model.outcome import Outcome


def _format(outcome: "Outcome", output: str, colour: bool) -> str:
    reporter: Any = import_module(f"lockstep.report.{options.FORMATS[output]}")
    more: dict[str, object] = {}
    if output == "text":
        more = {"colour": colour}
    elif output == "json":
        more = {"verb": verb_name()}
    text: str = reporter.format_outcome(outcome, **more)
    return text


def _as_it_is(outcome: "Outcome") -> Any:
    return outcome


_Ended = tuple[LockstepError, Mapping[str, object]] | None
"""The error that has ended a run, and the summary that its report has all the same."""


@dataclass(frozen=True)
class Reports:
    """The reports that a user asked for: a format to print, and files by format.

    ``formatted`` writes what a verb found, in a format, in colour or not: by default an Outcome.
    ``failed`` makes what it writes of the outcome of a run that an error ended.
    """

    output: str = "text"
    colour: bool = False
    files: tuple[tuple[str, Path], ...] = ()
    formatted: Callable[[Any, str, bool], str] = _format
    failed: "Callable[[Outcome], Any]" = _as_it_is

    def run(
        self, check: Callable[[], Any], about: Mapping[str, object] = MappingProxyType({})
    ) -> ExitCode:
        """Run a check and report what it finds. An error is written to every report, then raised.

        Otherwise the report of an earlier run could be mistaken for this one's.
        ``about`` is the summary of such a report.
        """
        from lockstep.model.outcome import failed_run

        try:
            outcome = check()
        except LockstepError as error:
            failed = self.failed(failed_run(error, about))
            self._show(failed, ended_by=(error, about), printed=self.output != "text")
            raise
        return self.show(outcome)

    def show(self, outcome: Any) -> ExitCode:
        """Write the files, print the report; the exit code of the outcome.

        Raises LockstepError where a file cannot be written, after all others were.
        """
        self._show(outcome)
        code: ExitCode = outcome.exit_code
        return code

    def _show(self, outcome: Any, *, ended_by: _Ended = None, printed: bool = True) -> None:
        # Each callback runs even where another fails: one bad path must not cost the other reports.
        with ExitStack() as stack:
            if printed:
                stack.callback(self._print, outcome, ended_by)
            for output, path in reversed(self.files):
                text = self._text(outcome, output, False, ended_by)
                stack.callback(write_text, path, f"{text}\n")

    def _print(self, outcome: Any, ended_by: _Ended) -> None:
        text = self._text(outcome, self.output, self.colour, ended_by, quiet=is_quiet())
        progress.clear()
        if text or not is_quiet():
            click.echo(text, color=self.colour)
        if ended_by:
            ended_by[0].reported = True

    def _text(
        self, outcome: Any, output: str, colour: bool, ended_by: _Ended, *, quiet: bool = False
    ) -> str:
        if ended_by and output == "json":
            from lockstep.report.envelope import failure

            error, about = ended_by
            return failure(verb_name(), error, about).format()
        if output == "text":
            from lockstep.report.places import seen_from

            outcome = seen_from(outcome, current_folder())
            if quiet:
                from lockstep.report.quiet import format_quiet

                return format_quiet(outcome, colour=colour)
        return self.formatted(outcome, output, colour)


def requested(output: str, colour: str, reports: Sequence[str] = ()) -> Reports:
    """The reports that the options of a verb ask for.

    Called before a check runs, so that a mistake is reported at once. Raises UsageError for a
    format that does not exist, a path that cannot be written to, and a path that is given twice.
    """
    return Reports(output, is_coloured(colour), report_files(reports, options.FORMATS))


def report_files(reports: Sequence[str], formats: Collection[str]) -> tuple[tuple[str, Path], ...]:
    """The files of ``--report``, each with its format. Raises UsageError as ``requested`` does."""
    files = tuple(_parse(text, formats) for text in reports)
    for number, (_, path) in enumerate(files):
        if path.resolve() in {other.resolve() for _, other in files[:number]}:
            raise UsageError(
                "two reports cannot have the same path", where=str(path), fix="give each its own"
            )
    return files


def _parse(text: str, formats: Collection[str]) -> tuple[str, Path]:
    output, separator, path = text.partition("=")
    if not separator or output not in formats or not path:
        raise UsageError(
            f"--report {quoted(text, 200)} is not FORMAT=PATH",
            fix=f"the formats are {', '.join(formats)}",
        )
    refuse_unwritable(Path(path))
    return output, Path(path)


def refuse_unwritable(path: Path) -> None:
    """Raise UsageError where a report cannot be written to a path."""
    try:
        if path.exists() and not path.is_file():
            raise UsageError(
                "a report cannot be written here: this is not a file", where=str(path),
                fix="name a file; --format prints",
            )  # fmt: skip
        # Missing folders are made when the report is written.
        folder = next(each for each in path.resolve().parents if each.exists())
        writable = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop, or a zero byte in it
        raise UsageError(
            f"this is not a valid path: {error}",
            where=one_line(str(path), 200),
            fix="name another file",
        ) from error
    if not writable:
        text = f"a report cannot be written here: {folder} is not a folder that you may write to"
        raise UsageError(text, where=str(path), fix="name a file in another folder")


def is_coloured(choice: str) -> bool:
    """``auto`` means colours on a terminal that shows them, unless NO_COLOR is set."""
    if choice != "auto":
        return choice == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def write_text(path: Path, text: str) -> None:
    """Write a report to a file, whole or not at all. Raises LockstepError where it cannot be."""
    from lockstep.edges.files import write_file
    from lockstep.edges.os_errors import advice, reason

    try:
        write_file(path, text.encode())
    except OSError as error:
        text, fix = f"cannot write the report: {reason(error)}", advice(error, "name another file")
        raise LockstepError(text, where=str(path), fix=fix) from error


@click.command(cls=Verb, exit_codes=(ExitCode.INVALID, ExitCode.DENIED))
@click.argument("paths", nargs=-1, required=True, metavar="REPORT.json...",
                type=click.Path(path_type=Path))  # fmt: skip
@options.reporting
def merge_reports(paths: tuple[Path, ...], **how: Any) -> ExitCode:
    """Merge the JSON reports of several checks, such as those of all shards, into one.

    The exit code is that of one check over everything; 1 where a shard is missing.
    """
    from lockstep.commands import merge_reports as verb

    return requested(**how).run(lambda: verb.run(paths))
