"""What each keyword of JSON Schema means to the person whose document it refuses."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lockstep.model.document import Json, Pointer
from lockstep.stages.schema_words import (
    a_type,
    alternatives,
    brief,
    closest,
    example,
    kind_of_thing,
    listed,
    quoted_form,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a document.

    ``pointer`` is the place, or where a field is missing that of its parent, and ``missing`` its
    name. With ``at_key`` the mistake is the key, not the value. ``says`` follows the name of the
    field in a sentence. ``meant`` is the field for which an unknown one was probably meant.
    """

    pointer: Pointer
    rule: str
    says: str
    fix: str
    at_key: bool = False
    missing: str = ""
    meant: str = ""

    @property
    def field(self) -> Pointer:
        """The field that the message names."""
        return (*self.pointer, self.missing) if self.missing else self.pointer


def problems_of(error: Any) -> Iterator[Problem]:
    """The problems that one error of the jsonschema package stands for."""
    pointer: Pointer = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        says = f"has a name that is not {_thing(error.schema)}"
        yield Problem(
            (*pointer, error.instance), "schema.key", says, _advice(error.schema), at_key=True
        )
        return
    yield from _EXPLAIN.get(error.validator, _other)(error, pointer)


def _unknown(error: Any, pointer: Pointer) -> Iterator[Problem]:
    known = sorted(error.schema.get("properties", {}))
    for name in error.instance:
        if name in known:
            continue
        meant = closest(name, known)
        says = "is not a known field"
        if meant:
            stands = meant in error.instance  # perhaps by the family's defaults alone
            yield Problem(
                (*pointer, name), "schema.unknown-field", f"{says}; did you mean {meant}?",
                f"write {meant}" + (", or remove it" if stands else ""),
                at_key=True, meant="" if stands else meant,
            )  # fmt: skip
        else:
            fix = f"remove it; the fields here are {listed(known)}"
            yield Problem((*pointer, name), "schema.unknown-field", says, fix, at_key=True)


def _required(error: Any, pointer: Pointer) -> Iterator[Problem]:
    for name in error.validator_value:
        if name not in error.instance:
            yield _missing(pointer, name, "is missing")


def _dependent(error: Any, pointer: Pointer) -> Iterator[Problem]:
    for name, needed in error.validator_value.items():
        if name in error.instance:
            for other in needed:
                if other not in error.instance:
                    yield _missing(pointer, other, f"is missing, and {name} needs it")


def _missing(pointer: Pointer, name: str, says: str) -> Problem:
    return Problem(pointer, "schema.missing-field", says, f"add {name}", missing=name)


def _type(error: Any, pointer: Pointer) -> Iterator[Problem]:
    wanted = error.validator_value
    kinds = [wanted] if isinstance(wanted, str) else list(wanted)
    value = error.instance
    must_be = " or ".join(a_type(kind) for kind in kinds if kind != "null")
    if value is None:
        fix = "give it a value, or remove the line"
        says = f"is empty; it must be {must_be}"
    else:
        fix = _rewritten(value, kinds, error.schema)
        says = f"is {kind_of_thing(value)}; it must be {must_be}"
    yield Problem(pointer, "schema.type", says, fix)


def _rewritten(value: Json, kinds: list[str], schema: Json) -> str:
    """How to write a value of a wrong type; quotes only where the text would then be right."""
    quotes = quoted_form(value, kinds)
    if "string" in kinds and ("enum" in schema or not _fits(brief(value), schema)):
        allowed = [str(each) for each in schema.get("enum", [])]
        return f"write in quotes {alternatives(allowed)}" if allowed else _advice(schema)
    if "object" in kinds and schema.get("properties"):
        return f"write the fields of it below: {listed(sorted(schema['properties']))}"
    return quotes or f"write {' or '.join(a_type(kind) for kind in kinds)}{example(schema)}"


def _fits(text: str, schema: Json) -> bool:
    pattern = schema.get("pattern")
    return len(text) >= schema.get("minLength", 0) and (
        not isinstance(pattern, str) or bool(re.search(pattern, text))
    )


def _enum(error: Any, pointer: Pointer) -> Iterator[Problem]:
    allowed = [str(value) for value in error.validator_value]
    value = error.instance
    if not isinstance(value, str):
        as_text = str(value)
        if as_text in allowed:
            fix = f'write it in quotes: "{as_text}"'
        else:
            fix = f"write {alternatives(allowed)}"
        yield Problem(pointer, "schema.value", f"is {kind_of_thing(value)}", fix)
        return
    meant = closest(value, allowed)
    says = f"is {brief(value)}; it must be {alternatives(allowed)}"
    yield Problem(pointer, "schema.value", says, f"write {meant or alternatives(allowed)}")


def _const(error: Any, pointer: Pointer) -> Iterator[Problem]:
    wanted = str(error.validator_value)
    says = f"is {kind_of_thing(error.instance)}; it must be {wanted}"
    yield Problem(pointer, "schema.value", says, f"write {wanted}")


def _form(error: Any, pointer: Pointer) -> Iterator[Problem]:
    value, limit = error.instance, error.schema.get("maxLength")
    if value == "":
        says = f"is empty; it must be {_thing(error.schema)}"
    elif error.validator == "maxLength":
        says = f"has {len(value)} characters; at most {limit} are allowed"
    else:
        says = f"is {brief(value)}, which is not {_thing(error.schema)}"
    yield Problem(pointer, "schema.form", says, _advice(error.schema))


def _range(error: Any, pointer: Pointer) -> Iterator[Problem]:
    schema = error.schema
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if "exclusiveMinimum" in schema and high is not None:
        bounds = f"above {low} and below {high}"
    elif low is not None and high is not None:
        bounds = f"from {low} to {high}"
    else:
        bounds = f"{low} or more" if low is not None else f"{high} or less"
    says = f"is {brief(error.instance)}; it must be {bounds}"
    yield Problem(pointer, "schema.range", says, f"write a number {bounds}")


def _count(error: Any, pointer: Pointer) -> Iterator[Problem]:
    bound, have = error.validator_value, len(error.instance)
    many = "at least" if error.validator.startswith("min") else "at most"
    what = "entry" if bound == 1 else "entries"
    says = f"has {have or 'no'} entries; it needs {many} {bound}"
    if many == "at most":
        says = f"has {have} entries; at most {bound} are allowed"
    yield Problem(pointer, "schema.count", says, f"write {many} {bound} {what}")


def _unique(error: Any, pointer: Pointer) -> Iterator[Problem]:
    says = "stands in the list already"
    yield Problem(pointer, "schema.repeated", says, "remove one of the two")


def _any_of(error: Any, pointer: Pointer) -> Iterator[Problem]:
    choices = [part.get("required", []) for part in error.validator_value]
    if all(len(names) == 1 for names in choices) and isinstance(error.instance, dict):
        names = [each[0] for each in choices]
        misspelt = {closest(key, names) for key in error.instance} - {""}
        if not misspelt:
            says = f"needs {alternatives(names)}"
            yield Problem(pointer, "schema.missing-field", says, f"add {alternatives(names)}")
        return
    yield from _other(error, pointer)


def _other(error: Any, pointer: Pointer) -> Iterator[Problem]:
    says = f"is not {_thing(error.schema)}"
    yield Problem(pointer, "schema.form", says, _advice(error.schema))


def _thing(schema: Json) -> str:
    """What a value should be, by the schema's own title."""
    title = schema.get("title") if isinstance(schema, dict) else None
    return title if isinstance(title, str) and re.match("an? |the |one ", title) else "allowed here"


def _advice(schema: Json) -> str:
    if not isinstance(schema, dict):
        return "remove it"
    text = str(schema.get("description", "an allowed value")).rstrip(".")
    return f"expected: {text[:1].lower()}{text[1:]}{example(schema)}"


_EXPLAIN: dict[str, Callable[[Any, Pointer], Iterator[Problem]]] = {
    "additionalProperties": _unknown,
    "required": _required,
    "dependentRequired": _dependent,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _form,
    "minLength": _form,
    "maxLength": _form,
    "minimum": _range,
    "maximum": _range,
    "exclusiveMinimum": _range,
    "exclusiveMaximum": _range,
    "minItems": _count,
    "maxItems": _count,
    "minProperties": _count,
    "maxProperties": _count,
    "uniqueItems": _unique,
    "anyOf": _any_of,
}
