"""A parsed YAML file whose every value keeps the place where it was written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

Pointer = tuple[str | int, ...]
"""The path of a value inside a document: mapping keys and list indexes."""

_LONGEST_INDEX = 10
"""Digits of an index that is read as a number: no list is longer, and int refuses very many."""

Json = Any
"""What JSON can hold: dict, list, str, int, float, bool or None."""


class Span(NamedTuple):
    """Where a value is: lines and columns count from 1, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Location(NamedTuple):
    """A place that a finding can point at."""

    file: str
    line: int
    column: int


class Places(NamedTuple):
    """Where and how the values of a file are written.

    ``flow`` are the mappings and lists in flow style (``[a, b]``); ``written`` has numbers as their
    author wrote them, where that is a different text (``1.10`` is 1.1).
    """

    spans: Mapping[Pointer, Span] = MappingProxyType({})
    key_spans: Mapping[Pointer, Span] = MappingProxyType({})
    flow: frozenset[Pointer] = frozenset()
    written: Mapping[Pointer, str] = MappingProxyType({})


@dataclass(frozen=True)
class Document:
    """One YAML document: its plain value, and the places of its values and keys by pointer."""

    path: str
    value: Json
    read_places: Callable[[], Places] = field(repr=False, compare=False, default=Places)
    """Called when a place is asked for: of most documents none ever is."""

    @cached_property
    def places(self) -> Places:
        """Where and how its values are written."""
        return self.read_places()

    @property
    def spans(self) -> Mapping[Pointer, Span]:
        """The spans of its values."""
        return self.places.spans

    @property
    def key_spans(self) -> Mapping[Pointer, Span]:
        """The spans of the keys of its mappings."""
        return self.places.key_spans

    def locate(self, pointer: Pointer, *, key: bool = False) -> Location:
        """The place of ``pointer``, or of its nearest parent that was written in this file.

        With ``key`` the place of the mapping key rather than of its value.
        """
        spans = self.key_spans if key and pointer in self.key_spans else self.spans
        while pointer and pointer not in spans:
            pointer, spans = pointer[:-1], self.spans
        span = spans.get(pointer, Span(1, 1, 1, 1))
        return Location(self.path, span.line, span.column)


def to_json_pointer(pointer: Pointer) -> str:
    """RFC 6901 text of a pointer: ``("spec", "variants", 0)`` gives ``/spec/variants/0``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def from_json_pointer(text: str, value: Any = None) -> Pointer:
    """The pointer of RFC 6901 text. A part is an index where ``value`` has a list there."""
    pointer: list[str | int] = []
    for raw in text.split("/")[1:]:
        # In this order (RFC 6901), or ~01 would become a slash instead of ~1.
        name = raw.replace("~1", "/").replace("~0", "~")
        part = int(raw) if isinstance(value, list) and _is_index(raw) else name
        value = value_at(value, (part,))
        pointer.append(part)
    return tuple(pointer)


def _is_index(part: str) -> bool:
    return part.isdecimal() and len(part) < _LONGEST_INDEX


def value_at(value: Json, pointer: Pointer, default: Json = None) -> Json:
    """The value below ``pointer``, or ``default`` where there is none."""
    here: Any = value
    for part in pointer:
        # A character of a text is not a value below it.
        if isinstance(here, str):
            return default
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return default
    return here
