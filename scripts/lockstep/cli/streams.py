"""Standard output and standard error: lost output must never become a traceback."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TextIO

import click

from lockstep.text.sanitise import one_line

_ERASE = "\r\x1b[K"
"""To the start of the line, and clear it: ECMA-48, which terminals follow."""


def open_standard_streams() -> None:
    """Give a process that was started without them (``>&-``) streams that discard what is written.

    Otherwise the first file that is opened would take their place, and what is printed would be
    written to it. Characters that the terminal's encoding lacks are shown as escapes.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            setattr(sys, name, open(handle, mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Print to standard error; where that cannot be written, the exit code has to say it all."""
    with suppress(OSError):
        click.echo(text, err=True)


def flushed() -> bool:
    """Whether all output was written; the rest is dropped, so that the exit does not retry."""
    try:
        sys.stdout.flush()
    except OSError:
        discard_output()
        return False
    return True


def discard_output() -> None:
    """Have the rest of the output go nowhere: Python would try to write it again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function that shows what is being done, on one line that is gone after the block.

    Only on a terminal that can erase a line; nothing is shown in a log of CI, or in a file.
    """
    # Some runners of CI give a job a terminal, and keep each line of it.
    in_log = os.environ.get("TERM") == "dumb" or os.environ.get("CI")
    shown = sys.stderr.isatty() and not in_log
    terminal = _own_stderr() if shown else None

    def show(text: str) -> None:
        if terminal:
            import shutil  # most verbs show no progress

            with suppress(OSError):
                # Cut, because a line that is wrapped could not be erased as a whole.
                width = shutil.get_terminal_size().columns - 1
                terminal.write(f"{_ERASE}{one_line(text)[:width]}")
                terminal.flush()

    try:
        yield show
    finally:
        show("")
        if terminal and terminal is not sys.stderr:
            terminal.close()


def _own_stderr() -> TextIO:
    """Standard error by a handle of its own: what silences libraries silences the other."""
    with suppress(OSError, ValueError):
        handle = os.dup(sys.stderr.fileno())
        return open(handle, "w", encoding=sys.stderr.encoding, errors="backslashreplace")
    return sys.stderr
