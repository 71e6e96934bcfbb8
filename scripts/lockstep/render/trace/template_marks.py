"""Renders a template once more, so that each character is known by the place that wrote it.

The syntax tree of the template gets marks: in front of each piece of text and of each value, with
their line and column, and the quote filter marks which value of the context it writes. The marks
are removed again; what is left is the text that the template always writes.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from jinja2 import Template, nodes

from lockstep.model.document import Json, Pointer
from lockstep.render.sandbox import BUDGET, Quoted, Sandbox
from lockstep.render.templates import LINE_BREAK, quote

_MARK = re.compile("\0([^\0]*)\0")
"""A NUL is never part of a manifest: the quote filter and the parser refuse it."""

_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[0-9A-Za-z-]+')
"""What the quote filter gives."""

_MARKED = 20
"""A marked file may have that many times the characters of the file itself."""

_CAPTURING = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)
"""What these write is a value first, and must not have marks in it."""


class TemplateMark(NamedTuple):
    """The line and column of a template that wrote the text from ``offset`` on.

    ``is_expression`` says that it was a ``{{ ... }}``, and ``value`` is the path in the context
    of what that wrote; None where it is not from the context.
    """

    offset: int
    line: int
    column: int
    is_expression: bool = False
    value: Pointer | None = None


class MarkedText:
    """A rendered text and its marks; its lines and columns count from 1.

    ``frame`` is the text with ``"x"`` for each value: what the template itself wrote.
    """

    def __init__(self, raw: str) -> None:
        pieces = _MARK.split(raw)
        self._marks = [TemplateMark(0, 1, 1)]
        self.text = self.frame = ""
        for text, after in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            self.text += text
            value = _SCALAR.match(text) if self._marks[-1].is_expression else None
            # A list or a mapping is its values, each with a mark, and what holds them together.
            self.frame += f'"x"{text[value.end() :]}' if value else text
            if after:
                self._marks.append(_read_mark(after, len(self.text), self._marks[-1]))
        self._lines = self.text.split("\n")
        self._starts = [0, *(found.end() for found in re.finditer("\n", self.text))]

    def mark_at(self, line: int, column: int) -> TemplateMark:
        """What wrote the character at a line and column of the text."""
        offset = self._starts[min(line, len(self._starts)) - 1] + column - 1
        here = self._marks[bisect_right(self._marks, offset, key=lambda m: m.offset) - 1]
        # All of a value comes from one place in the template, however long the value is.
        moved = 0 if here.is_expression else offset - here.offset
        return here._replace(column=here.column + moved)

    def first_mark(self, line: int) -> TemplateMark:
        """What wrote the first key or value on a line of the text."""
        text = self._lines[min(line, len(self._lines)) - 1]
        return self.mark_at(line, 1 + len(text) - len(text.lstrip(" -") or text.lstrip()))


def render_marked(path: str, source: str, context: Mapping[str, Json]) -> MarkedText:
    """What a template makes of a context, marked. Raises whatever the template raises."""
    wrapped = {name: _with_paths(value, (name,)) for name, value in context.items()}
    environment, template = _marking_template(path, source)
    return MarkedText(environment.run(template, wrapped))


class _TextWithPath(str):
    """A text of a context that knows its path there."""

    path: Pointer = ()


# bool cannot be subclassed, so a boolean is an int that remembers what it was.
class _NumberWithPath(int):
    """A whole number or a boolean of a context that knows its path there."""

    path: Pointer = ()
    is_boolean = False


def _with_paths(value: Json, path: Pointer) -> Json:
    if isinstance(value, dict):
        return {
            # Keys too: a template may write the name of a label or of a secret.
            _with_paths(key, (*path, key)): _with_paths(item, (*path, key))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        items = [_with_paths(item, (*path, i)) for i, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, str):
        text = _TextWithPath(value)
        text.path = path
        return text
    if isinstance(value, int):
        number = _NumberWithPath(value)
        number.path, number.is_boolean = path, isinstance(value, bool)
        return number
    return value


def _quote_marked(value: object) -> Quoted:
    if isinstance(value, _TextWithPath):
        # quote accepts exact types only, so the value is made plain again.
        return Quoted(f"\0{json.dumps(value.path)}\0{quote(str(value))}")
    if isinstance(value, _NumberWithPath):
        plain = bool(value) if value.is_boolean else int(value)
        return Quoted(f"\0{json.dumps(value.path)}\0{quote(plain)}")
    return quote(value)


# Cached: a mistake in a template is in the files of every cluster, and each is traced.
@lru_cache(maxsize=32)
def _marking_template(path: str, source: str) -> tuple[Sandbox, Template]:
    environment = Sandbox(_quote_marked, _MARKED * BUDGET)
    tree = environment.parse(source, path, path)
    _MarkWriter(LINE_BREAK.split(source)).visit(tree)
    # The nodes of the marks have none yet, and Jinja's compiler asks each node for it.
    tree.set_environment(environment)
    return environment, environment.template(tree, path)


class _MarkWriter:
    """Puts marks in front of all that a syntax tree writes, line by line.

    It remembers how far it has searched a line of the source, to tell equal texts on it apart:
    Jinja's nodes know their line and not their column.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._line, self._column = 0, 0

    def visit(self, node: nodes.Node) -> None:
        """Marks the node's own output and that of all below it."""
        for child in node.iter_child_nodes():
            if isinstance(child, nodes.Output):
                child.nodes = [marked for part in child.nodes for marked in self._mark(part)]
            elif not isinstance(child, _CAPTURING):
                self.visit(child)

    def _mark(self, node: nodes.Expr) -> list[nodes.Expr]:
        if isinstance(node, nodes.TemplateData):
            return [nodes.TemplateData(self._mark_lines(node), lineno=node.lineno)]
        column = self._find(node.lineno, "{{")
        # Moves on behind the expression, so that no later text is found inside of it.
        self._find(node.lineno, "}}")
        here = _write_mark(node.lineno, column, is_expression=True)
        return [nodes.TemplateData(here, lineno=node.lineno), node]

    def _mark_lines(self, node: nodes.TemplateData) -> str:
        # A NUL that the template itself has would be read as a mark.
        first, *others = node.data.replace("\0", "").split("\n")
        text = _write_mark(node.lineno, self._find(node.lineno, first)) + first
        for number, line in enumerate(others, node.lineno + 1):
            text += f"\n{_write_mark(number, 1)}{line}"
        if others:
            self._line, self._column = node.lineno + len(others), len(others[-1])
        return text

    def _find(self, line: int, text: str) -> int:
        """The column of the next such text on a line of the template; 1 where it is not there."""
        if line != self._line:
            self._line, self._column = line, 0
        found = self._lines[line - 1].find(text, self._column) if line <= len(self._lines) else -1
        if found >= 0:
            self._column = found + len(text)
        return max(found, 0) + 1


def _write_mark(line: int, column: int, *, is_expression: bool = False) -> str:
    place = {"line": line, "column": column, "is_expression": is_expression}
    return f"\0{json.dumps(place)}\0"


def _read_mark(text: str, offset: int, before: TemplateMark) -> TemplateMark:
    """A list is the path of a value, which begins at the mark before it."""
    found = json.loads(text)
    if isinstance(found, dict):
        return TemplateMark(offset, **found)
    return before._replace(offset=offset, value=tuple(found))
