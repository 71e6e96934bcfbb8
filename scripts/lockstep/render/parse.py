"""Reads rendered text back, in the small part of YAML that every YAML reader reads alike.

rapidyaml is quick and lenient, and reads YAML 1.2 while Kubernetes tools read YAML 1.1. So each
line is checked by a grammar first: plain keys, quoted strings, whole numbers, booleans, plain
words that no version of YAML reads as something else. No anchors, tags, block scalars, dates.
"""

import json
import re
from functools import lru_cache

import ryml
import yaml

from lockstep.model.document import Json
from lockstep.spec.yaml.compose import Composer, InvalidYaml
from lockstep.text.sanitise import one_line, quoted

# Quantifiers are possessive: a long hostile line cannot make the grammar backtrack. A NUL and
# halves of surrogate pairs are refused even as escapes, because no manifest can hold them.
_QUOTED = (
    r'"(?:[^"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]++'
    r'|\\(?:["\\bfnrt]|u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4}))*+"'
)
# YAML 1.1 reads 012 as octal and 1:30 as a number in base 60, so neither is plain here.
_INTEGER = r"-?(?:0|[1-9][0-9]*+)(?![0-9A-Za-z._:/-])"
# YAML 1.1 reads y, no and on as booleans, and YAML 1.2 as text.
_WORD = (
    r"(?!(?i:y|yes|n|no|on|off|true|false|null)(?![A-Za-z0-9._/-]))"
    r"[A-Za-z/][A-Za-z0-9._/-]*+"
)
_SCALAR = rf"(?:{_QUOTED}|{_INTEGER}|true|false|{_WORD})"
_FLOW = rf"(?:\{{\}}|\[\]|\[{_SCALAR}(?:, {_SCALAR})*+\])"
_VALUE = rf"(?:{_SCALAR}|{_FLOW})"
_NO_NUMBER = r'(?!"?[-+.]*+(?i:nan|inf|infinity)"?+:)'  # rapidyaml rewrites such a key, even quoted
_KEY = rf"{_NO_NUMBER}(?:{_QUOTED}|{_WORD})"
_COMMENT = r"\#[^\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ufeff]*+"  # YAML 1.1 has more line breaks
_LINE = re.compile(rf" *+(?:{_COMMENT}|(?:- )*+(?:{_KEY}:(?: {_VALUE})?+|{_VALUE}))", re.ASCII)


class Unreadable(ValueError):
    """The text is not a single YAML mapping of the allowed form; ``line`` counts from 1.

    ``reason`` is the message without the text of the line, ``has_text`` whether it has that.
    """

    def __init__(self, reason: str, line: int = 1, text: str | None = None) -> None:
        super().__init__(reason if text is None else f"{reason}: {quoted(text, 80)}")
        self.reason = reason
        self.line = line
        self.has_text = text is not None


class _DuplicateKey(Exception):
    """A mapping has a key twice; its line is not known."""


def read_manifest(data: bytes) -> Json:
    """The mapping that the bytes of a rendered file hold. Raises Unreadable."""
    try:
        return parse_manifest(data.decode())
    except UnicodeDecodeError as error:
        raise Unreadable("this file is not UTF-8") from error


def parse_manifest(text: str) -> Json:
    """The mapping that a rendered file holds. Raises Unreadable."""
    lines = text.removesuffix("\n").split("\n")
    if not all(map(is_plain, lines)):
        number = next(n for n, line in enumerate(lines, 1) if not is_plain(line))
        raise Unreadable("this line is not plain YAML", number, lines[number - 1])
    try:
        tree = ryml.parse_in_arena(text.encode())
        # An empty file gives no JSON at all.
        value = _DECODER.decode(ryml.emit_json_malloc(tree, tree.root_id()) or "null")
    except ryml.ExceptionParse as error:
        line = min(max(error.errdata_parse.ymlloc.line, 1), len(lines))
        raise Unreadable(
            f"this is not YAML: {one_line(str(error.msg).strip(), 200)}", line
        ) from None
    except ryml.ExceptionBasic as error:
        raise Unreadable(
            f"this YAML cannot be read: {one_line(str(error.msg).strip(), 200)}"
        ) from None
    except _DuplicateKey as error:
        raise Unreadable(str(error), _second_key(text)) from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"this is not YAML that JSON can hold: {error.msg}") from None
    if not isinstance(value, dict):
        raise Unreadable("a rendered file must be one mapping")
    return value


@lru_cache(maxsize=65536)
def is_plain(line: str) -> bool:
    """Whether a line is of the form that is allowed.

    Cached, because the same lines are in most manifests.
    """
    return _LINE.fullmatch(line) is not None


def _mapping(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    mapping = dict(pairs)
    # Python would keep the last of two equal keys and say nothing.
    if len(mapping) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _DuplicateKey(f"duplicate key {quoted(twice, 80)}")
    return mapping


def _second_key(text: str) -> int:
    """The line of the first duplicate key: the quick parser does not know it."""
    composer = Composer("", text)
    try:
        composer.compose(yaml.CSafeLoader(text))
    except (InvalidYaml, yaml.YAMLError):
        return 1
    lines = (note.line for note in composer.findings if note.rule == "yaml.duplicate-key")
    return next(lines, 1)


# Not strict, because rapidyaml writes control characters into JSON as they are.
_DECODER = json.JSONDecoder(object_pairs_hook=_mapping, strict=False)
