"""Tables and blocks of text for a terminal, drawn by rich: imported only when one is drawn."""

import io
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from lockstep.text.sanitise import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_WIDTH_OF_A_FILE = 160
"""Where there is no terminal to ask for its width: in a pipe, a file or a test."""

WIDTH_OF_A_BLOCK = 80
"""Of blocks of text where there is no terminal: what every terminal shows."""

_NARROWEST, _WIDEST = 40, 120
"""Blocks are not drawn narrower, and longer lines are hard to read."""

_BEGINS_COMMAND = re.compile(r"(?<!\S)::")
_NUMBER_CHARACTERS = frozenset("0123456789.,%+-")


class Style(StrEnum):
    """How a piece of text is set off on a terminal, as rich names it; nothing in a file."""

    PLAIN = ""
    BOLD = "bold"
    DIM = "dim"
    GOOD = "green"
    RUNNING = "cyan"
    WARNING = "yellow"
    BAD = "bold red"


Line = Sequence[tuple[str, Style]]
"""Pieces of one text, which may hold anything: control characters are escaped."""


def block_width() -> int:
    """The width for blocks of text on the terminal that is written to; 80 in a pipe or a file."""
    if not sys.stdout.isatty():
        return WIDTH_OF_A_BLOCK
    columns = shutil.get_terminal_size((WIDTH_OF_A_BLOCK, 24)).columns
    return min(max(columns, _NARROWEST), _WIDEST)


def format_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, width: int | None = None
) -> str:
    """A table as text, without a final line break; columns of numbers are set to the right.

    Cells are shown as they are: markup in them has no effect and control characters are
    escaped. ``width`` is in characters (by default that of the terminal, or 160), and what does
    not fit is wrapped, never cut.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [[one_line(str(cell)) for cell in row] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        numbers = bool(cells) and all(_is_number(row[index]) for row in cells)
        # As Text, because rich would read [red] in a plain string as markup.
        table.add_column(
            Text(one_line(name)), justify="right" if numbers else "left", overflow="fold"
        )
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    return _drawn(table, width or _terminal_width())


def format_block(head: Line, rows: Iterable[tuple[str, Line]], *, width: int, colour: bool) -> str:
    """A line, and below it rows with a label each, whose texts are wrapped beside the labels.

    Words are kept whole where they fit. A row without a label goes on with the one before it.
    ``colour`` is for a terminal only. Ends without a line break.
    """
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, line in rows:
        grid.add_row(_text([(label, Style.DIM)]), _text(line))
    return _drawn(Group(_text(head), Padding(grid, (0, 0, 0, 2))), width, colour=colour)


def _text(line: Line) -> "Text":
    from rich.text import Text

    # As Text, because rich would read [red] in a plain string as markup.
    return Text.assemble(*((_safe(text), style.value) for text, style in line))


def _safe(text: str) -> str:
    """The text on one line, of which no word is a command to a CI runner: it may begin a line."""
    shown = one_line(text)
    return _BEGINS_COMMAND.sub(r"\\::", shown) if "::" in shown else shown


def _drawn(drawing: "RenderableType", width: int, *, colour: bool = False) -> str:
    from rich.console import Console

    # Every option that rich would otherwise take from the environment: the same text everywhere.
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colour, no_color=not colour,
        color_system="standard" if colour else None, highlight=False, legacy_windows=False,
        _environ={},
    )  # fmt: skip
    with console.capture() as captured:
        console.print(drawing)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def _is_number(cell: str) -> bool:
    return not cell or (cell[-1] in "0123456789%" and set(cell) <= _NUMBER_CHARACTERS)


def _terminal_width() -> int:
    if not sys.stdout.isatty():
        return _WIDTH_OF_A_FILE
    return shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns
