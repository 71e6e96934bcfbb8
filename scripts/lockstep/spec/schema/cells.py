"""What a schema allows, in the words of a cell of the reference."""

import re
from collections.abc import Iterator, Mapping

from lockstep.model.document import Json, value_at
from lockstep.spec.schema.suggestions import written
from lockstep.text.phrases import a_type, alternatives, bounds, listed, thing


def value(schema: Json) -> str:
    """What one value may be, in words."""
    if "const" in schema:
        return f"`{written(schema['const'])}`"
    if "enum" in schema:
        return alternatives([f"`{written(each)}`" for each in schema["enum"]])
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    words = alternatives([a_type(kind) if kind != "null" else "null" for kind in kinds])
    if thing(schema) != "allowed here":
        words = thing(schema) + (" or null" if "null" in kinds else "")
    if "string" in kinds and "maxLength" in schema:
        low, high = schema.get("minLength", 0), schema["maxLength"]
        return f"{words}, {high if low == high else f'{low} to {high}'} characters"
    return f"{words} {bounds(schema)}".strip()


def size(schema: Json, what: str) -> str:
    """How many entries there may be; ``what`` is ``Items`` or ``Properties``."""
    low, high = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    return f"{low} to {high} entries" if high else f"{low} or more entries"


def rules(schema: Mapping[str, Json]) -> Iterator[str]:
    """What a mapping asks for beside its fields."""
    choices = [part.get("required", []) for part in schema.get("anyOf", [])]
    if choices and all(choices):
        yield f"At least one of {alternatives([' and '.join(map(_code, c)) for c in choices])}."
    for name, others in schema.get("dependentRequired", {}).items():
        yield f"{_code(name)} needs {listed(list(map(_code, others)))}."


def choice(part: Json) -> str:
    """The fields that an if asks for: ``source: mlflow``."""
    fields = value_at(part, ("if", "properties"), {})
    return ", ".join(f"{name}: {value_at(each, ('const',))}" for name, each in fields.items())


def _code(name: str) -> str:
    return f"`{name}`"


def cell(text: str) -> str:
    """Text inside of a table: a bar would end the cell, and < would begin HTML."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|").replace("\n", " "))
    return "".join(p if p.startswith("`") else p.replace("<", "&lt;") for p in parts)
