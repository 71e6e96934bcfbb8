"""Draws what a verb shows again and again on the terminal, until Ctrl-C."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

import click

from lockstep.edges import clock, stopping
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.text.sanitise import lines

SECONDS = 30
"""Between two drawings, where the user names no number."""

_LEAST, _MOST = 5, 3_600
_LONGEST = 24 * 3_600
"""Seconds after which it ends: a terminal that was forgotten must not ask a server for ever."""

# ECMA-48, which terminals follow.
_CLEAR, _HOME = "\x1b[2J", "\x1b[H"
_REST_OF_LINE, _REST_OF_SCREEN = "\x1b[K", "\x1b[J"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Every(click.ParamType[int]):
    """The seconds between two drawings."""

    name = "seconds"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The number; what is none may be the verb's argument, which belongs before the option."""
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) < 6):
            self.fail(
                f"{text!r} is not a number of seconds; write other arguments before --watch", param
            )
        if not _LEAST <= int(text) <= _MOST:
            self.fail(f"{text} is not from {_LEAST} to {_MOST} seconds", param)
        return int(text)


def require_terminal() -> None:
    """Raise UsageError where there is no terminal on which a drawing can be replaced."""
    if not sys.stdout.isatty() or os.environ.get("TERM") in (None, "", "dumb"):
        raise UsageError(
            "--watch draws on a terminal, and the output is none",
            fix="leave out --watch, or run the verb in a loop of your own",
        )


def watch(
    draw: Callable[[], str], seconds: int, *, wait: Callable[[float], None] = clock.sleep
) -> ExitCode:
    """Draw what ``draw`` gives, every so many seconds, until Ctrl-C or the end of a day: 0.

    An error of the first drawing is raised; later ones are shown, and the next drawing tries again.
    """
    screen = draw()
    left = _LONGEST
    _write(_HIDE_CURSOR + _CLEAR)
    try:
        while True:
            _write(_fitted(screen, f"every {seconds}s; Ctrl-C ends this"))
            wait(seconds)
            left -= seconds
            if left <= 0:
                return ExitCode.CLEAN
            screen = _again(draw)
    except KeyboardInterrupt:
        return ExitCode.CLEAN
    except stopping.Stopped as stopped:
        if stopped.number != signal.SIGINT:
            raise
        return ExitCode.CLEAN
    finally:
        with suppress(OSError):  # the terminal may be gone
            _write(f"{_SHOW_CURSOR}\n")


def _again(draw: Callable[[], str]) -> str:
    try:
        return draw()
    except LockstepError as error:
        return lines(error.diagnostics())


def _fitted(text: str, footer: str) -> str:
    """What draws a text over the one before it, cut to the terminal's height."""
    height = max(shutil.get_terminal_size().lines, 4)
    shown = text.split("\n")
    if len(shown) > height - 1:
        hidden = len(shown) - (height - 1)
        shown = shown[: height - 1]
        footer = f"{hidden} more lines are below; name a family, or enlarge the window. {footer}"
    width = shutil.get_terminal_size().columns
    body = "".join(f"{line}{_REST_OF_LINE}\n" for line in shown)
    return f"{_HOME}{body}{_REST_OF_SCREEN}{footer[: width - 1]}"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
