"""Draws a source line with a caret below the column that a finding is about."""

from lockstep.text.sanitise import one_line

WIDTH = 100
"""The terminal columns of a source line; ``…`` marks where the rest is cut."""

_BEFORE = 60  # of the columns, at least so many for the text before the caret
_TAB = 4


def draw(text: str, line: int, column: int) -> tuple[str, str]:
    """The source line after its number, and the caret below it.

    ``line`` and ``column`` count from 1, columns in characters. Tabs and wide characters take
    their columns on the terminal, control characters are escaped, and of a long line the part
    around the column is shown.
    """
    text = text.rstrip()
    at = min(max(column - 1, 0), len(text))
    first = max(0, at - WIDTH)  # what is further away cannot be shown: one character is one column
    before, after = _shown(text[first:at]), _shown(text[at : at + WIDTH])
    room = WIDTH - min(_width("".join(before)), _BEFORE)
    right = _fit_right(after, room, len(text) > at + WIDTH)
    # The text before the caret gets what the text after it did not need.
    left = _fit_left(before, max(_BEFORE, WIDTH - _width(right)), first > 0)
    gutter = f"{line} | "
    caret = " " * (len(gutter) - 2) + "| " + " " * _width(left) + "^"
    return gutter + left + right, caret


def _shown(text: str) -> list[str]:
    """What the terminal shows for each character."""
    return [
        " " * _TAB if character == "\t" else one_line(character, log=True) for character in text
    ]


def _fit_left(cells: list[str], room: int, is_cut: bool) -> str:
    kept = len(cells)
    while kept and (width := _width(cells[kept - 1])) <= room:
        room -= width
        kept -= 1
    return ("…" if kept or is_cut else "") + "".join(cells[kept:])


def _fit_right(cells: list[str], room: int, is_cut: bool) -> str:
    kept = 0
    while kept < len(cells) and (width := _width(cells[kept])) <= room:
        room -= width
        kept += 1
    return "".join(cells[:kept]) + ("…" if kept < len(cells) or is_cut else "")


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # here, because most lines are ASCII and rich loads slowly

    return cell_len(text)
