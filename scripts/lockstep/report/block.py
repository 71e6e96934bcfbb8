"""Blocks of text for a terminal: a line, and below it labels with texts that are wrapped.

rich would do it, and takes fifty times as long: a fleet may have a thousand families.
"""

import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

import click

from lockstep.text.sanitise import one_line

WIDTH_OF_A_BLOCK = 80
"""Where there is no terminal to ask for its width: what every terminal shows."""

_NARROWEST, _WIDEST = 40, 120
"""Blocks are not drawn narrower, and longer lines are hard to read."""

_PIECES = re.compile(r" +|[^ ]+")
_BEGINS_COMMAND = re.compile(r"(?<!\S)::")
_INDENT, _GAP = "  ", "  "


class Style(Enum):
    """How a piece of text is set off on a terminal, as click names it; nothing in a file."""

    PLAIN = ()
    BOLD = (("bold", True),)
    DIM = (("dim", True),)
    GOOD = (("fg", "green"),)
    RUNNING = (("fg", "cyan"),)
    WARNING = (("fg", "yellow"),)
    BAD = (("fg", "red"), ("bold", True))


Line = Sequence[tuple[str, Style]]
"""Pieces of one text, which may hold anything: control characters are escaped."""


def block_width() -> int:
    """The width for blocks of text on the terminal that is written to; 80 in a pipe or a file."""
    if not sys.stdout.isatty():
        return WIDTH_OF_A_BLOCK
    columns = shutil.get_terminal_size((WIDTH_OF_A_BLOCK, 24)).columns
    return min(max(columns, _NARROWEST), _WIDEST)


def format_block(head: Line, rows: Sequence[tuple[str, Line]], *, width: int, colour: bool) -> str:
    """A line, and below it rows with a label each, whose texts are wrapped beside the labels.

    Words are kept whole where they fit. A row without a label goes on with the one before it.
    ``colour`` is for a terminal only. Ends without a line break.
    """
    beside = max((len(label) for label, _ in rows), default=0)
    lines = [_painted(each, colour) for each in _wrapped(head, width)]
    for label, line in rows:
        start: Line = [(f"{_INDENT}{label:{beside}}{_GAP}", Style.DIM if label else Style.PLAIN)]
        room = width - beside - len(_INDENT + _GAP)
        for each in _wrapped(line, room):
            lines.append(_painted([*start, *each], colour))
            start = [(" " * (width - room), Style.PLAIN)]
    return "\n".join(lines)


def _painted(line: Line, colour: bool) -> str:
    if not colour:
        return "".join(text for text, _ in line).rstrip()
    return "".join(_paint(text, style) for text, style in line)


def _paint(text: str, style: Style) -> str:
    how: dict[str, Any] = dict(style.value)
    return click.style(text, **how) if how else text


def _wrapped(line: Line, width: int) -> Iterator[Line]:
    """The lines of a text; each piece keeps its style, and no line begins or ends with a space."""
    made: list[tuple[str, Style]] = []
    used, space = 0, ""
    for piece, style in _pieces(line, width):
        if piece.isspace():
            space = piece
            continue
        size = _cells(piece)
        if made and used + len(space) + size > width:
            yield _joined(made)
            made, used, space = [], 0, ""
        # A space has the style of what is before it, so that a coloured text stays one.
        if made and space:
            made.append((space, made[-1][1] if made[-1][1] is style else Style.PLAIN))
            used += len(space)
        made.append((piece, style))
        used, space = used + size, ""
    yield _joined(made)


def _pieces(line: Line, width: int) -> Iterator[tuple[str, Style]]:
    """Words, cut where one is wider than a line, and the spaces between them."""
    for text, style in line:
        for piece in _PIECES.findall(_safe(text)):
            if _cells(piece) <= width:
                yield piece, style
            else:
                from rich.cells import chop_cells  # here, because hardly any word is so long

                yield from ((part, style) for part in chop_cells(piece, width))


def _joined(line: Iterable[tuple[str, Style]]) -> Line:
    """The same with neighbours of one style as one piece."""
    made: list[tuple[str, Style]] = []
    for text, style in line:
        if made and made[-1][1] is style:
            made[-1] = (made[-1][0] + text, style)
        else:
            made.append((text, style))
    return made


def _cells(text: str) -> int:
    """The columns that a text takes on a terminal: characters of East Asia take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # here, because most texts need none of it

    return cell_len(text)


def _safe(text: str) -> str:
    """The text on one line, of which no word is a command to a CI runner: it may begin a line."""
    shown = one_line(text)
    return _BEGINS_COMMAND.sub(r"\\::", shown) if "::" in shown else shown
