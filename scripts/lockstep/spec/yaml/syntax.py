"""What libyaml says of a file that is no YAML, in the words and at the place of its author."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from lockstep.model.finding import Finding

RULE = "yaml.syntax"
_LONGEST_KEY = 1024
"""Characters of a key before its colon: https://yaml.org/spec/1.2.2/#742-flow-mappings"""

_QUOTE = "put the whole value in quotes"
_INDENT = "indent the line like those that it belongs to, by blanks"
_TABS = ("a tab indents this line, and YAML takes blanks only", "replace the tab by blanks")
_NO_TAGS = (
    "tags (!...) are not allowed",
    "remove the tag; put a value that begins with ! in quotes",
)
_NO_ESCAPE = "write \\\\ for a backslash, or put the text in single quotes"


class _Fault(NamedTuple):
    """One syntax error; ``at`` is where the reader stopped, ``since`` where the value began."""

    text: str
    context: str
    at: Any
    since: Any

    @property
    def character(self) -> str:
        """What stands where the reader stopped; empty at the end of the file."""
        return self.text[self.at.index : self.at.index + 1]

    @property
    def at_end(self) -> bool:
        """Whether nothing but blanks follows."""
        return not self.text[self.at.index :].strip()

    @property
    def begins_line(self) -> bool:
        """Whether only blanks stand before it on its line."""
        return not self.text[self.at.index - self.at.column : self.at.index].strip()

    @property
    def second_colon(self) -> bool:
        """Whether a field begins before it on its line."""
        return ": " in self.text[self.at.index - self.at.column : self.at.index]

    @property
    def begun(self) -> str:
        """``that begins on line 3``."""
        return f"that begins on line {self.since.line + 1}"


_Said = tuple[str, str] | tuple[str, str, Any]
"""The message, what to do, and the place where it is not where the reader stopped."""


def syntax_finding(path: str, text: str, error: yaml.YAMLError) -> Finding:
    """The finding for an error of libyaml's reader, inside of ``text``."""
    at = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if at is None:
        said = f"this is not YAML: {str(error)[:200]}"
        return Finding(path, 1, 1, RULE, said, "correct the syntax")
    context, problem = (str(getattr(error, name) or "") for name in ("context", "problem"))
    fault = _Fault(text, context, at, getattr(error, "context_mark", None) or at)
    says, fix, *place = _WORDS.get(problem, _other(problem))(fault)
    line, column = _inside(text, *(place or [at]))
    return Finding(path, line, column, RULE, says, fix)


def _inside(text: str, mark: Any) -> tuple[int, int]:
    """Line and column of a mark; behind the last line, the end of that line."""
    if mark.index < len(text):
        return mark.line + 1, mark.column + 1
    lines = text.rstrip().split("\n")
    return len(lines), len(lines[-1]) + 1


def _key(fault: _Fault) -> _Said:
    """A mapping goes on with something that is no field of it."""
    if not fault.begins_line:
        says = "text stands behind the end of a value in quotes or brackets"
        return says, "quote the value as a whole and double its quotes, or remove a bracket"
    if fault.character == "-":
        return f"a list item stands among the fields of the mapping {fault.begun}", _INDENT
    return f"the line is not indented like the mapping {fault.begun}", _INDENT


def _item(fault: _Fault) -> _Said:
    return f"the line is no item of the list {fault.begun}", _INDENT


def _colon(fault: _Fault) -> _Said:
    if fault.at.column >= _LONGEST_KEY:
        return f"the key is longer than {_LONGEST_KEY} characters", "shorten it"
    if fault.second_colon:
        return "a second ': ' stands on this line", _QUOTE
    says = "this field stands below text: the line before has a value already, or no ': '"
    return says, f"write the line before as field: value, or {_INDENT}"


def _no_colon(fault: _Fault) -> _Said:
    line = fault.text[fault.since.index :].partition("\n")[0]
    if ": " in line[_LONGEST_KEY:]:
        return f"the key is longer than {_LONGEST_KEY} characters", "shorten it", fault.since
    fix = "write field: value; behind the colon stands a blank"
    return "this is neither a field nor a value: it has no ': '", fix, fault.since


def _unclosed(what: str, end: str) -> Callable[[_Fault], _Said]:
    def say(fault: _Fault) -> _Said:
        if fault.at_end:
            return f"the {what} that begins here is not closed", f"add {end}", fault.since
        return f"the {what} {fault.begun} goes on without a comma or {end}", f"add a comma or {end}"

    return say


def _quote(fault: _Fault) -> _Said:
    return "the quote that opens here is not closed", "close it, or double it", fault.since


def _start(fault: _Fault) -> _Said:
    if fault.character == "\t":
        return _TABS
    return f"a value cannot begin with {fault.character!r}", _QUOTE


def _node(fault: _Fault) -> _Said:
    if fault.at_end and fault.since is not fault.at:
        return "the file ends where a value is missing", "write the value, or close the bracket"
    if fault.text[fault.at.index :].strip() in ("", "..."):
        return "the file is empty", "write the document, or delete the file"
    return f"a value is missing before {fault.character!r}", f"write the value, or {_QUOTE}"


def _name(fault: _Fault) -> _Said:
    what = "* begins an alias" if "alias" in fault.context else "& begins an anchor"
    return f"{what}, and no name follows", _QUOTE, fault.since


def _escape(fault: _Fault) -> _Said:
    return f"{fault.text[fault.at.index : fault.at.index + 2]} is no escape", _NO_ESCAPE


@dataclass(frozen=True)
class _Mark:
    index: int
    line: int
    column: int


def _outside(fault: _Fault) -> _Said:
    """Text behind the end of the document: what ended it is the mistake, where that is in sight."""
    start = fault.at.index - fault.at.column
    for number, line in reversed(list(enumerate(fault.text[:start].split("\n")[:-1]))):
        start -= len(line) + 1
        if line.startswith("..."):
            says = "the document ends here (...), and more text follows"
            return says, "remove this line", _Mark(start, number, 0)
        if line.startswith("%"):
            return (*_DIRECTIVE(fault)[:2], _Mark(start, number, 0))
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return "this line stands outside of the document", "let all top fields begin in column 1"


def _always(says: str, fix: str) -> Callable[[_Fault], _Said]:
    return lambda fault: (says, fix)


def _other(problem: str) -> Callable[[_Fault], _Said]:
    def say(fault: _Fault) -> _Said:
        said = ", ".join(part for part in (fault.context, problem) if part)
        return f"this is not YAML: {said}", "correct the syntax here or on the line before"

    return say


_DIRECTIVE = _always("lines that begin with % are not read here", "remove the line, or quote it")
_WORDS: dict[str, Callable[[_Fault], _Said]] = {
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
        "the escape stands for no character", "write the character itself"
    ),
    "block sequence entries are not allowed in this context": _always(
        "a list item stands behind other text", "begin the list on a line of its own"
    ),
    "mapping keys are not allowed in this context": _always(
        "a value cannot begin with '? '", _QUOTE
    ),
    "found a tab character that violates indentation": _always(*_TABS),
    "found a tab character where an indentation space is expected": _always(*_TABS),
    "did not find expected comment or line break": _always(
        "text stands behind | or >", "begin the text on the next line, or quote the value"
    ),
    "found undefined tag handle": _always(*_NO_TAGS),
    "did not find the expected '>'": _always(*_NO_TAGS),
    "did not find expected whitespace or line break": _always(*_NO_TAGS),
    "did not find expected tag URI": _always(*_NO_TAGS),
    "did not find expected <document start>": _outside,
    "found incompatible YAML document": _always("only YAML 1.2 is read", "remove the line %YAML"),
    "found unknown directive name": _DIRECTIVE,
    "found duplicate %YAML directive": _DIRECTIVE,
    "found duplicate %TAG directive": _DIRECTIVE,
}
