"""What a kind of danger is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lockstep.differences.folders import ComparedFamily, ComparedObject

FindDanger = Callable[[ComparedObject, ComparedFamily], Iterator[str]]
"""Gives a sentence for each reason why the change of an object is dangerous in its family."""


@dataclass(frozen=True, slots=True)
class DangerKind:
    """A kind of danger: its id, and what finds it.

    The sentences of ``find`` hold no name of a cluster or region: the same danger in many regions
    is reported once.
    """

    id: str
    find: FindDanger
