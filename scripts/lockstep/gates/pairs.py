"""What a source counted of both versions in the same block, as numbers that comparisons use."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lockstep.model.blocks import Block, Count
from lockstep.model.times import parse_time


@dataclass(frozen=True, slots=True)
class Pair:
    """The counts of both versions from ``start`` until ``end``, in seconds of one clock.

    Raises ValueError for counts that cannot be, and for an end that is not after the start.
    """

    start: float
    end: float
    candidate: Count
    baseline: Count
    segment: str = ""

    def __post_init__(self) -> None:
        for count in (self.candidate, self.baseline):
            require_possible(count)
        if not self.start < self.end:
            raise ValueError("a block ends before it starts")

    @property
    def bad(self) -> int:
        """The bad requests of both versions."""
        return self.candidate.bad + self.baseline.bad

    @property
    def share(self) -> float:
        """The part of the requests that the candidate had, from 0 to 1."""
        return self.candidate.total / (self.candidate.total + self.baseline.total)

    @property
    def compares(self) -> bool:
        """Whether both versions had requests; where not, it says nothing of a ratio."""
        return self.candidate.total > 0 and self.baseline.total > 0


def require_possible(count: Count) -> None:
    """Raise ValueError for negative counts, and for more bad requests than requests."""
    if not 0 <= count.bad <= count.total:
        raise ValueError(f"{count.bad} bad requests of {count.total}")


def pairs_of(blocks: Iterable[Block]) -> Iterator[Pair]:
    """The blocks in which both versions were measured and had requests.

    Raises ValueError as Pair does, and for a time that is not valid.
    """
    for block in blocks:
        if block.candidate is None or block.baseline is None:
            continue
        pair = Pair(_seconds(block.start), _seconds(block.end), block.candidate, block.baseline,
                    block.segment)  # fmt: skip
        if pair.compares:
            yield pair


def _seconds(text: str) -> float:
    return parse_time(text).timestamp()
