"""Reads rendered text back, in the small part of YAML that every YAML reader reads alike.

rapidyaml is quick and lenient, and reads YAML 1.2 while Kubernetes tools read YAML 1.1. So each
line is checked by a grammar first: plain keys, quoted strings, whole numbers, booleans, plain
words that no version of YAML reads as something else. No anchors, tags, block scalars, dates.
"""

import json
import re
from functools import lru_cache

import msgspec
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
_LINE = re.compile(
    rf" *+(?:{_COMMENT}|(?:- )*+(?:(?P<key>{_KEY}:)(?: {_VALUE})?+|{_VALUE}))", re.ASCII
)
_NO_LINE = -1


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
    keys = list(map(_keys_in, lines))
    if _NO_LINE in keys:
        number = keys.index(_NO_LINE)
        raise Unreadable("this line is not plain YAML", number + 1, lines[number])
    try:
        tree = ryml.parse_in_arena(text.encode())
        # An empty file gives no JSON at all.
        value = _decode(ryml.emit_json_malloc(tree, tree.root_id()) or "null", sum(keys))
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


def is_plain(line: str) -> bool:
    """Whether a line is of the form that is allowed."""
    return _keys_in(line) != _NO_LINE


# Cached, because the same lines are in most manifests.
@lru_cache(maxsize=65536)
def _keys_in(line: str) -> int:
    """How many keys a line has, 0 or 1; _NO_LINE where it is not of the form that is allowed."""
    found = _LINE.fullmatch(line)
    return _NO_LINE if found is None else int(found["key"] is not None)


def _decode(text: str, keys: int) -> Json:
    """The value of a JSON text that was written from lines with so many keys.

    Raises _DuplicateKey and JSONDecodeError.
    """
    try:
        # Quick, but the last of two equal keys counts here: fewer keys are left than lines had.
        value = msgspec.json.decode(text)
        if _count_keys(value) == keys:
            return value
    except msgspec.DecodeError:
        pass  # it is stricter than what rapidyaml writes: control characters, for example
    return _DECODER.decode(text)


def _count_keys(value: Json) -> int:
    count, waiting = 0, [value]
    for each in waiting:  # which grows
        if type(each) is dict:
            count += len(each)
            waiting += each.values()
        elif type(each) is list:
            waiting += each
    return count


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
