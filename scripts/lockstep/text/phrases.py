"""Phrases for values, types and fields, for messages that people read."""

import re
from collections.abc import Iterable, Mapping, Sequence

from lockstep.model.document import Json, Pointer
from lockstep.text.sanitise import quoted, shorten

COMPARED = 30
"""Unknown names of one mapping or file that closest is asked about: comparing is slow."""

_LONGEST = 60
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}


KEPT = "people have changed these fields since, and they stay"
OUT_OF_FORCE = (
    "these fields stay in the specs and are out of force until the next lockstep render --restored"
)
"""What a restore does with the fields that people have changed since the state was verified."""


def field_path(pointer: Pointer) -> str:
    """A field as messages name it: ``spec.variants[0].weight``; ``the file`` for the whole."""
    text = ""
    for part in pointer:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            # Quoted, because such a key could look like several fields, or hold control characters.
            text += f"[{brief(part)}]"
    return text or "the file"


def brief(value: Json) -> str:
    """A value for a message: about 60 characters, control characters escaped, no credentials."""
    if isinstance(value, str):
        return quoted(value, _LONGEST)
    text = repr(value) if isinstance(value, int | float) else describe_value(value)
    return shorten(text, _LONGEST)


def list_variants(variants: Sequence[Mapping[str, Json]] | None) -> str:
    """``stable 41@90, candidate 42@10``: each variant with its version and weight."""
    if variants is None:
        return "no variants"
    return ", ".join(f"{v.get('name')} {v.get('version')}@{v.get('weight')}" for v in variants)


def type_name(name: str) -> str:
    """A JSON Schema type in plain words."""
    return _TYPES.get(name, name)


def describe_value(value: Json) -> str:
    """What a value is: ``the number 3``, ``the text 'x'``, ``a list``."""
    if isinstance(value, bool):  # first, because true is an int in Python
        return "the value true" if value else "the value false"
    if isinstance(value, str):
        return f"the text {brief(value)}"
    if isinstance(value, int | float):
        return f"the number {brief(value)}"
    if value is None:
        return "empty"
    return "a list" if isinstance(value, list) else "a mapping"


def bounds(schema: Json) -> str:
    """``from 1 to 9``, ``1 or more``; empty where a schema has no bounds."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if "exclusiveMinimum" in schema and high is not None:
        return f"above {low} and {'at most' if 'maximum' in schema else 'below'} {high}"
    if low is not None and high is not None:
        return f"from {low} to {high}"
    if low is None and high is None:
        return ""
    return f"{low} or more" if low is not None else f"{high} or less"


def closest(word: Json, known: Iterable[str], likeness: float = 0.7) -> str:
    """The known word that is closest to a misspelt one, or an empty text.

    Case, hyphens, underscores and spaces do not count, nor does the order of the letters; a word
    may be cut short, or go on. ``likeness`` is how alike other words must be, at most 1.
    """
    # difflib takes quadratic time, so long words are not compared at all.
    letters = _letters(word) if isinstance(word, str) and len(word) <= 64 else ""
    # Reversed, so that of two known words with the same letters the first one is kept.
    by_letters = {_letters(each): each for each in reversed(list(known))}
    if not letters or letters in by_letters:
        return by_letters.get(letters, "") if letters else ""
    if len(letters) > 2:
        for alike in (_same_letters, _one_begins_the_other):
            found = [name for each, name in by_letters.items() if alike(each, letters)]
            if found:
                # Of several equally good guesses none is offered: most would be wrong.
                return found[0] if len(found) == 1 else ""
    import difflib  # here, because most runs compare nothing

    match = difflib.get_close_matches(letters, by_letters, n=1, cutoff=likeness)
    return by_letters[match[0]] if match else ""


def _same_letters(one: str, other: str) -> bool:
    return sorted(one) == sorted(other)


def _one_begins_the_other(one: str, other: str) -> bool:
    return len(one) > 2 and (one.startswith(other) or other.startswith(one))


def _letters(word: str) -> str:
    return re.sub(r"[-_ .]", "", word.lower())


def expected_form(schema: Json) -> str:
    """What a value should be, by the schema's own title: ``a DNS label``."""
    title = schema.get("title") if isinstance(schema, dict) else None
    return title if isinstance(title, str) and re.match("an? |the |one ", title) else "allowed here"


def advice(schema: Json) -> str:
    """What a schema expects, by its own description and examples."""
    if not isinstance(schema, dict):
        return "remove it"
    text = str(schema.get("description", "an allowed value")).rstrip(".")
    return f"expected: {text[:1].lower()}{text[1:]}{example(schema)}"


def example(schema: Json) -> str:
    """``, like 30m or 2d`` from a schema's examples; empty for a boolean or without examples."""
    is_shown = isinstance(schema, dict) and schema.get("type") != "boolean"
    examples = schema.get("examples") if is_shown else None
    return f", like {alternatives([str(e) for e in examples])}" if examples else ""


def alternatives(words: Sequence[str]) -> str:
    """``a, b or c``."""
    return _joined(words, "or")


def known_names(names: Iterable[str], most: int = 10) -> str:
    """``a, b and c``; of many the first ``most``, and how many more there are.

    For names that decide where or what something serves (regions, environments, families): none
    is guessed, because the one that looks most alike may be another place, or another model.
    """
    every = sorted(names)
    more = [f"{len(every) - most} more"] if len(every) > most else []
    return listed([*every[:most], *more])


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return _joined(words, "and")


def _joined(words: Sequence[str], last: str) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
