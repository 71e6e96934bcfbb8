"""YAML bytes to a Document: safe, bounded, every value with its place, nothing guessed.

libyaml gives the events; they are composed here, because its own composer recurses (a file of
nested brackets crashes the process) and forgets duplicate keys.
"""

import re

import yaml

from lockstep.model.document import Document
from lockstep.model.finding import Finding
from lockstep.stages.yaml_compose import Composer, Refused

MAX_BYTES = 512 * 1024
"""No file that a person edits comes near; a larger one is a mistake or an attack."""

_BOM = b"\xef\xbb\xbf"

# What YAML forbids, and line breaks that editors do not show: text behind one would look like a
# part of the comment before it. Source: https://yaml.org/spec/1.2.2/#51-character-set
_UNSEEN = re.compile("\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def load_yaml(path: str, data: bytes) -> tuple[Document | None, list[Finding]]:
    """Parse one file that must hold one YAML document.

    Gives the document, or None where nothing usable was read, and what is wrong with the file.
    A document is given beside findings when its shape is known, so that later checks can go on.
    """
    text = _decode(path, data)
    if isinstance(text, Finding):
        return None, [text]
    composer = Composer(path, text)
    try:
        value = composer.compose(yaml.CSafeLoader(text))
    except Refused as refusal:
        return None, [*composer.findings, refusal.finding]
    except yaml.MarkedYAMLError as error:
        return None, [*composer.findings, _syntax(path, error)]
    document = Document(path, value, composer.spans, composer.key_spans, frozenset(composer.flow))
    return document, composer.findings


class Documents:
    """Loads files and remembers them by content: two trees parse what they share once."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, bytes], tuple[Document | None, list[Finding]]] = {}

    def load(self, path: str, data: bytes) -> tuple[Document | None, list[Finding]]:
        """As load_yaml; the same file again gives the same Document."""
        key = (path, data)
        if key not in self._loaded:
            self._loaded[key] = load_yaml(path, data)
        return self._loaded[key]


def _decode(path: str, data: bytes) -> str | Finding:
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data)} bytes; at most {MAX_BYTES} are read"
        return _finding(path, "yaml.size", message, "split it, or move the data elsewhere")
    if data.startswith(_BOM):
        message = "the file starts with a byte-order mark"
        return _finding(path, "yaml.encoding", message, "save it as UTF-8 without a BOM")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x} has no meaning here"
        before = data[: error.start].decode("utf-8")
        return _behind(before, path, message, "save the file as UTF-8")
    unseen = _UNSEEN.search(text)
    if unseen:
        message = f"the character U+{ord(unseen[0]):04X} is not allowed in a file"
        fix = 'remove it, or write it in double quotes as an escape such as "\\u2028"'
        return _behind(text[: unseen.start()], path, message, fix)
    return text


def _behind(before: str, path: str, message: str, fix: str) -> Finding:
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    return Finding(path, line, column, "yaml.encoding", message, fix)


def _syntax(path: str, error: yaml.MarkedYAMLError) -> Finding:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return Finding(
        path,
        line,
        column,
        "yaml.syntax",
        f"this is not YAML: {said}",
        "correct the syntax here or on the line before",
    )


def _finding(path: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(path, 1, 1, rule, message, fix)
