"""Prose of a report that fits the width of a screen, with what follows a label set in."""

import re
import shutil
import sys
import textwrap
from typing import TextIO

from lockstep.text.sanitise import one_line

WIDTH = 80
"""Where there is no terminal to ask: a report reads the same in a file, and in a log of CI."""

_LEAST, _MOST = 60, 110

_COMMAND = re.compile(r"(?:(?<=: )|^)(?:lockstep|git) [^,;]*")
"""A command after a colon, or at the start of a line: it is copied, so it stays on one line."""

_KEPT = "\x00"
"""In place of a space where no line may be broken; no text that is shown has one."""


def screen_width() -> int:
    """The width in characters that prose is wrapped to: that of the terminal, within reason."""
    return _width_of_terminal() if sys.stdout.isatty() else WIDTH


def _width_of_terminal() -> int:
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


def fitted(text: str, out: TextIO, width: int | None = None) -> str:
    """The lines of a text for ``out``, each of which is wrapped where it is longer than ``width``.

    What follows is set in below its own line. A command is left whole, and a word that is longer.
    By default the width is that of the terminal, and what goes elsewhere is left as it is: in a
    file, and in a log of CI, a line stays one that can be searched.
    """
    if width is None:
        if not out.isatty():
            return text
        width = _width_of_terminal()
    return "\n".join(_fit(line, width) for line in text.split("\n"))


def _fit(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    own = line[: len(line) - len(line.lstrip())]
    kept = _COMMAND.sub(lambda found: found[0].replace(" ", _KEPT), line.lstrip())
    parts = textwrap.wrap(
        kept, width, initial_indent=own, subsequent_indent=f"{own}    ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(parts).replace(_KEPT, " ")
