"""What the demo prints: chapters, commands, their output, and claims that hold."""

import textwrap
from datetime import datetime
from typing import TextIO

from lockstep.model.errors import VerificationFailed
from lockstep.model.times import format_time

_WIDTH = 92


class ClaimFailed(VerificationFailed):
    """A claim of the demo does not hold."""


class Narrator:
    """Writes the demo's story to ``out``, line by line."""

    def __init__(self, out: TextIO) -> None:
        """``out`` is where the story goes, such as standard output."""
        self._out = out

    def chapter(self, title: str) -> None:
        """A heading."""
        self._line("")
        self._line(title)
        self._line("=" * len(title))

    def say(self, text: str) -> None:
        """A paragraph, wrapped."""
        self._line("")
        for line in textwrap.wrap(" ".join(text.split()), _WIDTH, break_on_hyphens=False):
            self._line(line)

    def command(self, text: str) -> None:
        """A command line, as a reader would type it."""
        self._line("")
        self._line(f"  $ {text}")

    def output(self, text: str) -> None:
        """What a command printed."""
        for line in text.rstrip().splitlines():
            self._line(f"    {line}".rstrip())

    def clock(self, moment: datetime, text: str) -> None:
        """Something that happened at a time of the demo's clock."""
        self._line(f"  {format_time(moment)[:16].replace('T', ' ')}  {text}")

    def claim(self, holds: bool, text: str, otherwise: str = "") -> None:
        """State that something holds. Raises ClaimFailed, with ``otherwise``, if it does not."""
        if not holds:
            detail = f"\n{otherwise}" if otherwise else ""
            raise ClaimFailed(f"this should hold, and does not: {text}{detail}")
        self._line(f"  [holds] {text}")

    def _line(self, text: str) -> None:
        self._out.write(text + "\n")
        # At once, also into a pipe: training and serving take a while between two lines.
        self._out.flush()
