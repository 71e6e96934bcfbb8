"""Tables for a terminal, drawn by rich, which is imported only when one is drawn."""

import io
import shutil
import sys
from collections.abc import Iterable, Sequence

from lockstep.text.sanitise import one_line

_WIDTH_OF_A_FILE = 160
"""Where there is no terminal to ask for its width: in a pipe, a file or a test."""

_NUMBER_CHARACTERS = frozenset("0123456789.,%+-")


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


def _drawn(table: object, width: int) -> str:
    from rich.console import Console

    # Every option that rich would otherwise take from the environment: the same text everywhere.
    console = Console(
        file=io.StringIO(), width=width, force_terminal=False, no_color=True, color_system=None,
        highlight=False, legacy_windows=False,
    )  # fmt: skip
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def _is_number(cell: str) -> bool:
    return not cell or (cell[-1] in "0123456789%" and set(cell) <= _NUMBER_CHARACTERS)


def _terminal_width() -> int:
    if not sys.stdout.isatty():
        return _WIDTH_OF_A_FILE
    return shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns
