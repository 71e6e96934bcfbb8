"""Prose of a report that fits the width of a screen, with what follows a label set in."""

import shutil
import sys
import textwrap

from lockstep.text.sanitise import one_line

WIDTH = 80
"""Where there is no terminal to ask: a report reads the same in a file, and in a log of CI."""

_LEAST, _MOST = 60, 110


def screen_width() -> int:
    """The width in characters that prose is wrapped to: that of the terminal, within reason."""
    if not sys.stdout.isatty():
        return WIDTH
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, _LEAST), _MOST)


def wrapped(text: str, first: str = "", rest: str = "", width: int | None = None) -> str:
    """The text on lines of at most ``width``: ``first`` is before the first one, ``rest`` before
    the others. Control and format characters are escaped.

    A word that is longer, such as a path, is left whole: it can be copied.
    """
    lines = textwrap.wrap(
        one_line(text), width or screen_width(), initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(lines) or first.rstrip()
