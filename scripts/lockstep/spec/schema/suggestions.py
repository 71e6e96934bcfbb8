"""Suggests another spelling of a value that its schema rejects: case, quotes, closest match."""

import json
import re
from collections.abc import Iterator, Sequence

from lockstep.model.document import Json
from lockstep.spec.yaml.scalars import AmbiguousScalar, resolve_plain
from lockstep.text.phrases import brief, closest

_LONGEST = 350  # an image with its digest
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_PLAIN = re.compile(r"[A-Za-z0-9/](?:[A-Za-z0-9 ._/@+-]|:(?=[A-Za-z0-9/]))*(?<! )")
_NAME = re.compile(r"[^@]*/[^/:@]*(?=[:@])")
"""The name of an image that has a tag or a digest."""


def suggest(value: Json, schema: Json) -> str:
    """The value in a spelling that the schema allows, ready to be pasted; empty if there is none.

    Tried are the closest of the allowed words, and the text in lower case, in upper case and
    without spaces around it. What the author meant is not guessed beyond that.
    """
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        return ""
    if brief(value[:58]) != repr(value[:58]):
        return ""  # a message would show credentials
    for candidate in _spellings(value.strip(), schema):
        if candidate != value and _fits(candidate, schema):
            return written(candidate)
    return ""


def quoted_form(value: Json, kinds: Sequence[str]) -> str:
    """How to write a value so that it gets a wanted type; empty where quotes do not help."""
    if isinstance(value, bool):
        return f'write it in quotes: "{str(value).lower()}"' if "string" in kinds else ""
    if isinstance(value, int | float) and "string" in kinds:
        return f'write it in quotes: "{brief(value)}"'
    if isinstance(value, float) and value.is_integer() and "integer" in kinds:
        return f"write {brief(int(value))}"
    if isinstance(value, str) and _is_of(value, kinds):
        return f"write it without quotes: {value}"
    if "array" in kinds and isinstance(value, dict):
        return 'write a list: begin each item with "- "'
    if "array" in kinds and isinstance(value, str) and _WORD.fullmatch(value):
        return f"write it as a list: [{value}]"
    return ""


def written(value: Json) -> str:
    """A value as YAML: text that YAML would read as another type is in quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    try:
        plain = isinstance(resolve_plain(value), str)
    except AmbiguousScalar:
        plain = False
    # JSON's quotes and escapes are those of YAML's double quotes.
    return value if plain and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _spellings(text: str, schema: Json) -> Iterator[str | bool]:
    if "boolean" in schema.get("type", "string") and text.lower() in ("true", "false"):
        yield text.lower() == "true"
    allowed = [word for word in schema.get("enum", []) if isinstance(word, str)]
    if allowed:
        # A likeness above the default: "online" must not become "offline".
        yield closest(text, allowed, likeness=0.8)
    # Of an image only the name: another spelling of its tag is another tag.
    name = _NAME.match(text)
    lower = name[0].lower() + text[name.end() :] if name else text.lower()
    yield from (text, lower, text.lower(), text.upper())


def _is_of(text: str, kinds: Sequence[str]) -> bool:
    """Whether the text, without its quotes, would be of a wanted type."""
    if "boolean" in kinds and text in ("true", "false"):
        return True
    form = _NUMBER if "number" in kinds else _INTEGER if "integer" in kinds else None
    return bool(form and len(text) < 20 and form.fullmatch(text))


def _fits(value: str | bool, schema: Json) -> bool:
    """Whether the schema's keywords for one value allow a candidate."""
    kinds = schema.get("type", "string")
    if isinstance(value, bool):
        return "boolean" in kinds
    return bool(
        "string" in kinds
        and schema.get("minLength", 1) <= len(value) <= schema.get("maxLength", _LONGEST)
        and re.search(schema.get("pattern", ""), value)
        and value in schema.get("enum", [schema.get("const", value)])
    )
