"""YAML bytes to a Document: safe, bounded, every value with its place, nothing guessed.

libyaml gives the events; they are composed here, because its own composer recurses (a file of
nested brackets crashes the process) and forgets duplicate keys.
"""

import re

import yaml

from lockstep.model.document import Document, Json, Places, Pointer, Span
from lockstep.model.finding import Finding
from lockstep.spec.yaml.compose import Composer, InvalidYaml
from lockstep.spec.yaml.quick import plain_value
from lockstep.spec.yaml.syntax import syntax_finding

MAX_BYTES = 512 * 1024
"""Far more than any file that people edit has; a larger one is a mistake or an attack."""

# Those of 32 bits come first, because they begin with those of 16 bits.
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "UTF-8 with a byte-order mark",
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

# What YAML forbids; line breaks that editors do not show, because text after one would look like a
# part of the comment before it; and characters that are invisible or reorder the others.
# Sources: https://yaml.org/spec/1.2.2/#51-character-set, https://www.unicode.org/reports/tr55/
UNSEEN = re.compile(
    "\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\U000e0000-\U000e007f]"
)


def load_yaml(path: str, data: bytes) -> tuple[Document | None, list[Finding]]:
    """Parse one file that must hold one YAML document.

    Gives the document, or None where nothing usable was read, and what is wrong with the file.
    A document comes with findings when its shape is known, so that later checks can go on.
    """
    text = _decode(path, data)
    if isinstance(text, Finding):
        return None, [text]
    value = plain_value(text)
    if value is not None:
        return Document(path, value, lambda: _compose(Composer(path, text))[1]), []
    composer = Composer(path, text)
    try:
        value, places = _compose(composer)
    except InvalidYaml as refusal:
        return None, [*composer.findings, refusal.finding]
    except yaml.YAMLError as error:
        return None, [*composer.findings, syntax_finding(path, text, error)]
    return Document(path, value, lambda: places), composer.findings


def _compose(composer: Composer) -> tuple[Json, Places]:
    """The value of a file, and where its parts are. Raises as Composer does."""
    text = composer.text
    # The decoded text: given bytes, libyaml would guess the encoding from them.
    value = composer.compose(yaml.CSafeLoader(text))
    if not text.endswith("\n"):
        _pull_in(composer.spans, text)
    places = Places(composer.spans, composer.key_spans, frozenset(composer.flow), composer.written)
    return value, places


class Documents:
    """Loads files and remembers them by content: two trees parse what they share once."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, bytes], tuple[Document | None, list[Finding]]] = {}

    def load(self, path: str, data: bytes) -> tuple[Document | None, list[Finding]]:
        """As load_yaml; the same file again gives the same Document."""
        # The path counts, because a document and its findings name it.
        key = (path, data)
        if key not in self._loaded:
            self._loaded[key] = load_yaml(path, data)
        return self._loaded[key]


def _pull_in(spans: dict[Pointer, Span], text: str) -> None:
    """Keep all spans inside a text without a final line break, where libyaml sees one line more."""
    last, end = text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
    for pointer, span in spans.items():
        if span.end_line > last:
            start = span[:2] if span.line <= last else (last, end)
            spans[pointer] = Span(*start, last, end)


def _decode(path: str, data: bytes) -> str | Finding:
    # First, because everything after it takes time with the size of the file.
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data)} bytes; at most {MAX_BYTES} are allowed"
        return _finding(path, "yaml.size", message, "split it, or move the data elsewhere")
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            fix = "save it as UTF-8 without a byte-order mark"
            return _finding(path, "yaml.encoding", f"the file is {encoding}", fix)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x} is not valid here"
        before = data[: error.start].decode("utf-8")
        return _finding_after(before, path, message, "save the file as UTF-8")
    unseen = UNSEEN.search(text)
    return (
        text if unseen is None else _finding_after(text[: unseen.start()], path, *_about(unseen[0]))
    )


def _about(character: str) -> tuple[str, str]:
    """What is wrong with a character that is not allowed in any file, and what to do."""
    if character == "\r":
        says = "a carriage return without a line feed is a line break that few editors show"
        return says, "save the file with the line endings of Unix (LF) or Windows (CRLF)"
    says = f"the character U+{ord(character):04X} is not allowed in a file"
    if character == "\0":
        return says, "save the file as UTF-8 text"
    escape = f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    return says, f'remove it, or write it in double quotes as the escape "{escape}"'


def _finding_after(before: str, path: str, message: str, fix: str) -> Finding:
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    return Finding(path, line, column, "yaml.encoding", message, fix)


def _finding(path: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(path, 1, 1, rule, message, fix)
