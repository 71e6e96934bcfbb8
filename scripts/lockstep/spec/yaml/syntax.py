"""Explains libyaml's syntax errors in plain words, at the place that the author has to change.

libyaml names states of its parser ("did not find expected '-' indicator") and often stops a line
behind the mistake. An error that is not in the table keeps libyaml's own words.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from lockstep.model.finding import Finding
from lockstep.text.sanitise import one_line

RULE = "yaml.syntax"
_LONGEST_KEY = 1024
"""Characters of a key before its colon: https://yaml.org/spec/1.2.2/#742-flow-mappings"""

_QUOTE = "put the whole value in quotes"
_INDENT = "indent the line with spaces, like the lines that it belongs to"
_TABS = ("tab used for indentation; YAML allows only spaces", "replace the tab with spaces")
_NO_TAGS = (
    "tags (!...) are not allowed",
    "remove the tag; put a value that begins with ! in quotes",
)
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)
"""What git writes above the first of two versions of a text that it could not merge."""
_NO_ESCAPE = "write \\\\ for a backslash, or put the text in single quotes"


class _SyntaxError(NamedTuple):
    """One syntax error; ``at`` is where the reader stopped, ``since`` where the value began."""

    text: str
    context: str
    at: Any
    since: Any

    @property
    def character(self) -> str:
        """The character at which the reader stopped; empty at the end of the file."""
        return self.text[self.at.index : self.at.index + 1]

    @property
    def at_end(self) -> bool:
        """Whether nothing but white space follows."""
        return not self.text[self.at.index :].strip()

    @property
    def begins_line(self) -> bool:
        """Whether only white space is before it on its line."""
        return not self.text[self.at.index - self.at.column : self.at.index].strip()

    @property
    def second_colon(self) -> bool:
        """Whether a field begins before it on its line."""
        return ": " in self.text[self.at.index - self.at.column : self.at.index]

    @property
    def begun(self) -> str:
        """``that begins on line 3``."""
        return f"that begins on line {self.since.line + 1}"


_Explanation = tuple[str, str] | tuple[str, str, Any]
"""The message, the fix, and the place where it differs from where the reader stopped."""


def syntax_finding(path: str, text: str, raised: yaml.YAMLError) -> Finding:
    """The finding for an error of libyaml's reader, inside of ``text``."""
    at = getattr(raised, "problem_mark", None) or getattr(raised, "context_mark", None)
    # An error of libyaml's character reader has no mark.
    if at is None:
        says = f"this is not YAML: {one_line(str(raised), 200)}"
        return Finding(path, 1, 1, RULE, says, "correct the syntax")
    # The reader stops at whatever the two versions break, which is seldom the marker.
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        says = "a merge conflict is not resolved: git wrote both versions of these lines here"
        fix = "keep what is right of both, and remove the lines with <<<<<<<, ======= and >>>>>>>"
        return Finding(path, line, 1, RULE, says, fix)
    context, problem = (str(getattr(raised, name) or "") for name in ("context", "problem"))
    error = _SyntaxError(text, context, at, getattr(raised, "context_mark", None) or at)
    says, fix, *place = _EXPLAIN.get(problem, _other(problem))(error)
    line, column = _inside(text, *(place or [at]))
    return Finding(path, line, column, RULE, says, fix)


def _inside(text: str, mark: Any) -> tuple[int, int]:
    """Line and column of a mark; behind the last line, the end of that line."""
    if mark.index < len(text):
        return mark.line + 1, mark.column + 1
    # At the end of a file libyaml's mark is behind the last line, where no editor can go.
    lines = text.rstrip().split("\n")
    return len(lines), len(lines[-1]) + 1


def _key(error: _SyntaxError) -> _Explanation:
    """A mapping goes on with something that is not a field of it."""
    if not error.begins_line:
        says = "text follows the end of a value in quotes or brackets"
        return says, "quote the value as a whole and double its quotes, or remove a bracket"
    if error.character == "-":
        return f"a list item is among the fields of the mapping {error.begun}", _INDENT
    return f"the line is not indented like the mapping {error.begun}", _INDENT


def _item(error: _SyntaxError) -> _Explanation:
    return f"the line is not an item of the list {error.begun}", _INDENT


def _colon(error: _SyntaxError) -> _Explanation:
    # libyaml gives up on a key of that length, and then does not expect its colon.
    if error.at.column >= _LONGEST_KEY:
        return f"the key is longer than {_LONGEST_KEY} characters", "shorten it"
    if error.second_colon:
        return "a second ': ' on this line", _QUOTE
    says = "a field cannot follow text: the line before has a value already, or no ': '"
    return says, f"write the line before as field: value, or {_INDENT}"


def _no_colon(error: _SyntaxError) -> _Explanation:
    line = error.text[error.since.index :].partition("\n")[0]
    if ": " in line[_LONGEST_KEY:]:
        return f"the key is longer than {_LONGEST_KEY} characters", "shorten it", error.since
    fix = "write field: value, with a space after the colon"
    return "this is neither a field nor a value: it has no ': '", fix, error.since


def _unclosed(what: str, end: str) -> Callable[[_SyntaxError], _Explanation]:
    def explain(error: _SyntaxError) -> _Explanation:
        # libyaml notices it at the end of the file only; the place to change is where it begins.
        if error.at_end:
            return f"the {what} that begins here is not closed", f"add {end}", error.since
        return (
            f"the {what} {error.begun} has an entry that does not end with a comma or {end}",
            f"add a comma or {end}",
        )

    return explain


def _quote(error: _SyntaxError) -> _Explanation:
    return "the quote that opens here is not closed", "close it, or double it", error.since


def _start(error: _SyntaxError) -> _Explanation:
    if error.character == "\t":
        return _TABS
    return f"a value cannot begin with {error.character!r}", _QUOTE


def _node(error: _SyntaxError) -> _Explanation:
    if error.at_end and error.since is not error.at:
        return "the file ends where a value is missing", "write the value, or close the bracket"
    if error.text[error.at.index :].strip() in ("", "..."):
        return "the file is empty", "write the document, or delete the file"
    return f"a value is missing before {error.character!r}", f"write the value, or {_QUOTE}"


def _name(error: _SyntaxError) -> _Explanation:
    what = "* begins an alias" if "alias" in error.context else "& begins an anchor"
    return f"{what}, but no name follows", _QUOTE, error.since


def _escape(error: _SyntaxError) -> _Explanation:
    return f"{error.text[error.at.index : error.at.index + 2]} is not a valid escape", _NO_ESCAPE


@dataclass(frozen=True)
class _Mark:
    index: int
    line: int
    column: int


def _outside(error: _SyntaxError) -> _Explanation:
    """Text after the end of the document: the line that ended it is the mistake, if one did."""
    start = error.at.index - error.at.column
    for number, line in reversed(list(enumerate(error.text[:start].split("\n")[:-1]))):
        start -= len(line) + 1
        if line.startswith("..."):
            says = "the document ends here (...), but more text follows"
            return says, "remove this line", _Mark(start, number, 0)
        if line.startswith("%"):
            return (*_DIRECTIVE(error)[:2], _Mark(start, number, 0))
        # Only empty lines and comments may be between the line that ended the document and this.
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return "this line is outside of the document", "begin all top-level fields in column 1"


def _always(says: str, fix: str) -> Callable[[_SyntaxError], _Explanation]:
    return lambda error: (says, fix)


def _other(problem: str) -> Callable[[_SyntaxError], _Explanation]:
    def explain(error: _SyntaxError) -> _Explanation:
        reason = ", ".join(part for part in (error.context, problem) if part)
        return f"this is not YAML: {reason}", "correct the syntax here or on the line before"

    return explain


_DIRECTIVE = _always("directives (%) are not allowed", "remove the line, or quote the value")
# The keys are libyaml's own texts, misspelt ones included.
_EXPLAIN: dict[str, Callable[[_SyntaxError], _Explanation]] = {
    "did not find expected key": _key,
    "did not find expected '-' indicator": _item,
    "mapping values are not allowed in this context": _colon,
    "could not find expected ':'": _no_colon,
    "did not find expected ',' or ']'": _unclosed("list", "]"),
    "did not find expected ',' or '}'": _unclosed("mapping", "}"),
    "found unexpected end of stream": _quote,
    "found unexpected document indicator": _quote,
    "found character that cannot start any token": _start,
    "did not find expected node content": _node,
    "did not find expected alphabetic or numeric character": _name,
    "found unknown escape character": _escape,
    "did not find expected hexdecimal number": _always(
        "the escape has too few hexadecimal digits", _NO_ESCAPE
    ),
    "found invalid Unicode character escape code": _always(
        "the escape is not a valid character", "write the character itself"
    ),
    "block sequence entries are not allowed in this context": _always(
        "a list item follows other text", "begin the list on a line of its own"
    ),
    "mapping keys are not allowed in this context": _always(
        "a value cannot begin with '? '", _QUOTE
    ),
    "found a tab character that violates indentation": _always(*_TABS),
    "found a tab character where an indentation space is expected": _always(*_TABS),
    "did not find expected comment or line break": _always(
        "text follows | or > on the same line",
        "begin the text on the next line, or quote the value",
    ),
    "found undefined tag handle": _always(*_NO_TAGS),
    "did not find the expected '>'": _always(*_NO_TAGS),
    "did not find expected whitespace or line break": _always(*_NO_TAGS),
    "did not find expected tag URI": _always(*_NO_TAGS),
    "did not find expected <document start>": _outside,
    "found incompatible YAML document": _always(
        "only YAML 1.2 is allowed", "remove the line %YAML"
    ),
    "found unknown directive name": _DIRECTIVE,
    "found duplicate %YAML directive": _DIRECTIVE,
    "found duplicate %TAG directive": _DIRECTIVE,
}
