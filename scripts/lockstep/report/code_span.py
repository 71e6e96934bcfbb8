"""Hostile text inside Markdown: in code, where no markup, link, mention or HTML has effect."""

import re

from lockstep.text.sanitise import cut, one_line

_TICKS = re.compile(r"`+")


def code(text: str, limit: int) -> str:
    """A code span that shows the text on one line, or ``(none)`` for an empty text.

    Backslashes and entities would not do: forges look for ``@name`` and ``#1`` in the text that
    is left after them, but never in code. ``limit`` is in characters, and what is cut is counted.
    """
    shown = cut(one_line(text), limit)
    if not shown.strip():
        return "(none)"
    ticks = "`" * (_longest(shown) + 1)
    return f"{ticks} {shown} {ticks}"


def fence(lines: list[str]) -> str:
    """A code block of lines that are printable already; none of them can end it."""
    text = "\n".join(lines)
    ticks = "`" * max(3, _longest(text) + 1)
    return f"{ticks}text\n{text}\n{ticks}"


def _longest(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
