"""The value of a file in which nothing is odd, several times faster than by composing it.

Most files are of this kind, and of most of them only the value is needed. What is written in an
unusual way, and where each value is, only the composer says (see compose).
"""

from functools import lru_cache
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from lockstep.model.document import Json
from lockstep.spec.yaml.compose import MAX_DEPTH, MAX_NODES
from lockstep.spec.yaml.scalars import AmbiguousScalar, resolve_plain

_resolve = lru_cache(4096)(resolve_plain)  # the same words and numbers are in every file of a fleet

_AT_TOP, _IN_LIST, _BEFORE_KEY = object(), object(), object()
"""In the place of a key: where the next value is, or that a key comes next."""


def plain_value(text: str) -> Json:
    """The value that the composer gives for a text; None where it may have something to report.

    Never None for another reason: the composer refuses a file without a value.
    """
    if "!" in text:  # libyaml drops the tag ! of a scalar; the composer finds it by its place
        return None
    try:
        return _read(yaml.CSafeLoader(text).get_event)
    except (yaml.YAMLError, AmbiguousScalar):
        return None


def _read(next_event: Any) -> Json:
    """One loop without calls, because it runs for every value of a fleet."""
    root: Json = None
    holder: Any = None
    key: Any = _AT_TOP
    outside: list[tuple[Any, Any]] = []  # the holders around this one, and where they go on
    nodes = documents = 0
    while True:
        event = next_event()
        kind = type(event)
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            holder, key = outside.pop()
            continue
        if kind is ScalarEvent:
            value = _resolve(event.value) if event.implicit[0] else event.value
            if key is _BEFORE_KEY:
                odd = not isinstance(value, str) or value in holder or value == "<<"
                if odd or event.anchor or event.tag is not None:
                    return None
                key = value
                continue
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            value = {} if kind is MappingStartEvent else []
            if key is _BEFORE_KEY or len(outside) >= MAX_DEPTH:
                return None
        elif kind is StreamEndEvent:
            return root if nodes <= MAX_NODES else None
        elif kind is DocumentStartEvent:
            documents += 1
            if documents > 1 or event.tags or event.version:
                return None
            continue
        elif kind is AliasEvent:
            return None
        else:  # the start of the stream, or the end of the document
            continue
        if event.anchor or event.tag is not None:
            return None
        nodes += 1
        if key is _IN_LIST:
            holder.append(value)
        elif key is _AT_TOP:
            root = value
        else:
            holder[key] = value
            key = _BEFORE_KEY
        if kind is not ScalarEvent:
            outside.append((holder, key))
            holder, key = value, _BEFORE_KEY if kind is MappingStartEvent else _IN_LIST
