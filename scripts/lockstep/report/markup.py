"""Markdown for forges, made from texts that others wrote: none of these becomes markup.

Anyone who can write a spec, a tag in the registry or the report of a pull request could otherwise
put a mention, a link, an image or HTML into a comment that carries Lockstep's name.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from lockstep.text.sanitise import one_line

LONGEST = 2_000
"""Characters of one text that are shown: a message, a fix or a path."""

_WORDS = re.compile(r"[a-z]+(?: [a-z]+)*")
_TICKS = re.compile(r"`+")
_LONG_TICKS = re.compile(r"`{20,}")
"""Forges do not read a run of more than 80 as the beginning of code, but all that follows it."""


def code(text: str, limit: int = LONGEST) -> str:
    """A code span that shows the text on one line, or ``(none)`` for an empty text.

    Backslashes and entities would not do: forges look for ``@name`` and ``#1`` in the text that
    is left after them, but never in code. What is cut of a long text is counted.
    """
    shown = _LONG_TICKS.sub(lambda run: f"({len(run[0])} backticks)", one_line(text, limit))
    if not shown.strip():
        return "(none)"
    ticks = "`" * (_longest(shown) + 1)
    # The spaces keep apart a backtick at either end; Markdown removes one of each.
    return f"{ticks} {shown} {ticks}"


def words(text: str) -> str:
    """The text as code, unless it is words that cannot be markup or a mention."""
    return text if _WORDS.fullmatch(text) else code(text)


def cell(text: str, limit: int = 300) -> str:
    """As code, for a cell of a table, which a bar would end, in code too: it becomes ``\\x7c``.

    Forges do not agree on what ends a cell where backslashes come before the bar.
    """
    return code(text.replace("|", "\\x7c"), limit)


def fence(lines: Iterable[str], language: str = "text") -> str:
    """A code block of lines that are printable already; none of them can end it."""
    text = "\n".join(one_line(line, log=True) for line in lines)
    ticks = "`" * max(3, _longest(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Columns are words of ours, and cells are Markdown already: see ``cell``."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def details(summary: str, blocks: Iterable[str], *, opened: bool = False) -> str:
    """A folded part; ``summary`` as for ``fold``."""
    head, tail = fold(summary, opened=opened)
    # Blank lines, because Markdown inside of <details> is only read after one.
    return "\n\n".join([head, *blocks, tail])


def fold(summary: str, *, opened: bool = False) -> tuple[str, str]:
    """What begins and what ends a folded part.

    ``summary`` is words of ours: HTML, in which no Markdown is read.
    """
    head = f"<details{' open' if opened else ''}>\n<summary>{summary}</summary>"
    return head, "</details>"


def link(shown: str, address: str) -> str:
    """A link. ``shown`` is Markdown already; ``address`` comes from the trusted side."""
    return f"[{shown}](<{address}>)" if address else shown


def path_in_url(path: str) -> str:
    """A repository path for the end of an address; empty where it is not a plain relative one."""
    parts = path.split("/")
    if not path or {"", ".", ".."} & set(parts) or ":" in parts[0]:
        return ""
    try:
        return quote(path, safe="/")
    except UnicodeEncodeError:  # a name that is not UTF-8
        return ""


def size(text: str) -> int:
    """How long a forge takes a text to be: some count a character beyond the first 65,536 twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def _longest(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
