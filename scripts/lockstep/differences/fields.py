"""The fields in which two objects differ, each with a path that people can read."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lockstep.differences.pairs import pair_items
from lockstep.model.document import Json, Pointer

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_-]*")
_LONGEST_PART = 200


class Item(str):
    """A part of a pointer that names an item of a list by what identifies it."""

    __slots__ = ()


class FieldDifference(NamedTuple):
    """A field that differs: where, and its value on both sides; None where there is none.

    Parts of ``pointer`` that stand for items of lists are Items. ``is_order`` says that only the
    order of a list differs: the values are the labels of its items.
    """

    pointer: Pointer
    before: Json
    after: Json
    is_order: bool = False

    @property
    def path(self) -> str:
        """The field as people read it: ``spec.template.spec.containers[model].image``."""
        text = ""
        for part in self.pointer:
            name = str(part)
            if isinstance(part, Item) or not _PLAIN.fullmatch(name):
                shown = name if len(name) <= _LONGEST_PART else f"{name[:_LONGEST_PART]}…"
                text += f"[{shown}]"
            else:
                text += f".{name}" if text else name
        return f"{text} (order)" if self.is_order else text


def field_differences(before: Json, after: Json, at: Pointer = ()) -> Iterator[FieldDifference]:
    """Each field that differs between two values, in the order in which they are written.

    A mapping or an item that only one side has is one difference.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from field_differences(before.get(key), after.get(key), (*at, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, at)
    # Python calls 1 and True equal, and Kubernetes does not.
    elif type(before) is not type(after) or before != after:
        yield FieldDifference(at, before, after)


def _of_lists(before: list[Json], after: list[Json], at: Pointer) -> Iterator[FieldDifference]:
    paired = pair_items(at, before, after)
    if paired is None:
        if any(_whole(before, after)):
            yield FieldDifference(at, before, after)
        return
    for label, was, now in paired.items:
        yield from field_differences(was, now, (*at, Item(label)))
    if paired.moved:
        yield FieldDifference(at, *paired.moved, is_order=True)


def _whole(before: list[Json], after: list[Json]) -> Iterator[FieldDifference]:
    """Whether lists that count as a whole differ anywhere."""
    if len(before) != len(after):
        yield FieldDifference((), before, after)
        return
    for was, now in zip(before, after, strict=True):
        yield from field_differences(was, now)
