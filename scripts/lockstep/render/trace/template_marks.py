"""Renders a template once more, so that each character tells who wrote it.

The syntax tree of the template gets marks: in front of each piece of text and of each value, with
their line and column, and the quote filter marks which value of the context it writes. The marks
are taken out again; what is left is the text that the template always writes.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from jinja2 import Template

from lockstep.model.document import Json, Pointer
from lockstep.render.templates import Quoted, quote, sandbox
from lockstep.render.trace.marking import mark_tree

_MARK = re.compile("\0([^\0]*)\0")
"""A NUL is no part of a manifest: the quote filter and the parser refuse it."""


class Mark(NamedTuple):
    """Who wrote the text from ``offset`` on: a line and column of the template.

    ``expression`` tells that it was a ``{{ ... }}``, and ``value`` the path of what it wrote in
    the context, where it came from there.
    """

    offset: int
    line: int
    column: int
    expression: bool = False
    value: Pointer | None = None


class Marked:
    """A rendered text and its marks; its lines and columns count from 1.

    ``frame`` is the text with ``"x"`` for each value: what the template itself wrote.
    """

    def __init__(self, raw: str) -> None:
        pieces = _MARK.split(raw)
        self._marks = [Mark(0, 1, 1)]
        self.text = self.frame = ""
        for text, after in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            self.text += text
            self.frame += '"x"' if self._marks[-1].expression and text else text
            if after:
                self._marks.append(_read_mark(after, len(self.text), self._marks[-1]))
        self._lines = self.text.split("\n")
        self._starts = [0, *(found.end() for found in re.finditer("\n", self.text))]

    def at(self, line: int, column: int) -> Mark:
        """Who wrote the character at a line and column of the text."""
        offset = self._starts[min(line, len(self._starts)) - 1] + column - 1
        here = self._marks[bisect_right(self._marks, offset, key=lambda m: m.offset) - 1]
        moved = 0 if here.expression else offset - here.offset
        return here._replace(column=here.column + moved)

    def head(self, line: int) -> Mark:
        """Who wrote the first key or value on a line of the text."""
        text = self._lines[min(line, len(self._lines)) - 1]
        return self.at(line, 1 + len(text) - len(text.lstrip(" -") or text.lstrip()))


def mark(path: str, source: str, context: Mapping[str, Json]) -> Marked:
    """What a template makes of a context, marked. Raises whatever the template raises."""
    wrapped = {name: _wrap(value, (name,)) for name, value in context.items()}
    return Marked(_marking_template(path, source).render(wrapped))


class _Text(str):
    """A text of a context that knows its path there."""

    path: Pointer = ()


class _Whole(int):
    """A whole number or a boolean of a context that knows its path there."""

    path: Pointer = ()
    boolean = False


def _wrap(value: Json, path: Pointer) -> Json:
    if isinstance(value, dict):
        return {_wrap(k, (*path, k)): _wrap(item, (*path, k)) for k, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_wrap(item, (*path, i)) for i, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, str):
        text = _Text(value)
        text.path = path
        return text
    if isinstance(value, int):
        whole = _Whole(value)
        whole.path, whole.boolean = path, isinstance(value, bool)
        return whole
    return value


def _quote_marked(value: object) -> Quoted:
    if isinstance(value, _Text):
        return Quoted(f"\0{json.dumps(value.path)}\0{quote(str(value))}")
    if isinstance(value, _Whole):
        plain = bool(value) if value.boolean else int(value)
        return Quoted(f"\0{json.dumps(value.path)}\0{quote(plain)}")
    return quote(value)


def _read_mark(text: str, offset: int, before: Mark) -> Mark:
    """A list is the path of a value, which begins where the mark before it stands."""
    found = json.loads(text)
    if isinstance(found, dict):
        return Mark(offset, **found)
    return before._replace(offset=offset, value=tuple(found))


@lru_cache(maxsize=32)
def _marking_template(path: str, source: str) -> Template:
    environment = sandbox(_quote_marked)
    tree = environment.parse(source, path, path)
    mark_tree(tree, source)
    tree.set_environment(environment)
    return Template.from_code(environment, environment.compile(tree, path, path), {})
