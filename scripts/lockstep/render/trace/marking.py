"""Puts marks into the syntax tree of a template: in front of all that it writes, line by line."""

import json
import re

from jinja2 import nodes

_LINE_BREAK = re.compile("\r\n|\r|\n")
_CAPTURING = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)
"""What these write is a value first, and must not have marks in it."""


def mark_tree(tree: nodes.Template, source: str) -> None:
    """Marks all that a tree writes with its line and column in ``source``.

    A mark is a JSON object between two NULs: line, column, and whether it is an expression.
    """
    _Marking(_LINE_BREAK.split(source)).visit(tree)


class _Marking:
    """Knows how far a line has been looked through, to tell equal texts on it apart."""

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
        self._find(node.lineno, "}}")
        here = _written(node.lineno, column, expression=True)
        return [nodes.TemplateData(here, lineno=node.lineno), node]

    def _mark_lines(self, node: nodes.TemplateData) -> str:
        first, *others = node.data.replace("\0", "").split("\n")
        text = _written(node.lineno, self._find(node.lineno, first)) + first
        for number, line in enumerate(others, node.lineno + 1):
            text += f"\n{_written(number, 1)}{line}"
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


def _written(line: int, column: int, *, expression: bool = False) -> str:
    place = {"line": line, "column": column, "expression": expression}
    return f"\0{json.dumps(place)}\0"
