"""A text of limited size from sections: what matters least is left out first, and is counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.report.counting import count
from lockstep.report.markup import size

_GAP = "\n\n"


@dataclass(frozen=True)
class Section:
    """Blocks of Markdown between ``head`` and ``tail``, which are shown only with one of them.

    Sections of a higher ``rank`` are left out first; within a section, its last blocks. ``noun``
    names what a block is, for the count of those that are left out.
    """

    rank: int
    noun: str
    blocks: Sequence[str]
    head: str = ""
    tail: str = ""
    gap: str = _GAP

    def drawn(self, kept: int) -> str:
        """The section with its first ``kept`` blocks; empty without any."""
        body = self.gap.join(self.blocks[:kept])
        return _GAP.join(part for part in (self.head, body, self.tail) if part) if kept else ""


def compose(sections: Sequence[Section], limit: int) -> tuple[str, list[str]]:
    """The sections in their order within ``limit``, and what was left out: ``3 warnings``."""
    kept = {}
    for index, section in sorted(enumerate(sections), key=lambda each: each[1].rank):
        room = limit - size(section.head) - size(section.tail) - 3 * len(_GAP)
        kept[index] = _fitting(section, room)
        if kept[index]:
            limit -= size(section.drawn(kept[index])) + len(_GAP)
    parts = [section.drawn(kept[index]) for index, section in enumerate(sections)]
    left: dict[str, int] = {}
    for index, section in enumerate(sections):
        if more := len(section.blocks) - kept[index]:
            left[section.noun] = left.get(section.noun, 0) + more
    return _GAP.join(filter(None, parts)), [count(n, noun) for noun, n in left.items()]


def _fitting(section: Section, room: int) -> int:
    """How many of the first blocks fit."""
    for number, block in enumerate(section.blocks):
        room -= size(block) + len(section.gap)
        if room < 0:
            return number
    return len(section.blocks)
