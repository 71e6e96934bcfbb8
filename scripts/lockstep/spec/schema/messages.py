"""Turns schema errors into problems with a fix: one for each mistake, explained by keyword."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.model.document import Json, Pointer
from lockstep.spec.schema.suggestions import quoted_form, suggest
from lockstep.text.phrases import (
    COMPARED,
    advice,
    alternatives,
    bounds,
    brief,
    closest,
    describe_value,
    example,
    expected_form,
    listed,
    type_name,
)

_MOST = 500
"""Problems of one document that are reported; explaining more takes time and helps no reader."""

_SHORT = 60
"""Characters of a text that a message shows in full."""


_FAILOVER = (
    "is not supported: Istio fails over only among the pods of one Service, and each region has a "
    "Service of its own, so the field would do nothing",
    "remove it; a caller that may use another region calls the host of the cluster there",
)

_REFUSED: dict[Pointer, tuple[str, str]] = {
    (*where, "failover"): _FAILOVER
    for where in (
        ("spec",), ("spec", "traffic"), ("spec", "defaults"), ("spec", "defaults", "traffic"),
    )
}  # fmt: skip
"""Fields that people expect and that would do nothing: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a document.

    ``pointer`` is the place, or where a field is missing that of its parent, and ``missing`` its
    name. With ``at_key`` the mistake is the key, not the value. ``says`` follows the name of the
    field in a sentence. ``suggestion`` is the known field whose misspelling an unknown one probably
    is. ``number`` is how the texts show a number, which the file may write differently.
    """

    pointer: Pointer
    rule: str
    says: str
    fix: str
    at_key: bool = False
    missing: str = ""
    suggestion: str = ""
    number: str = ""

    @property
    def field(self) -> Pointer:
        """The field that the message names."""
        return (*self.pointer, self.missing) if self.missing else self.pointer


def explain(errors: Iterable[Any]) -> list[Problem]:
    """The problems behind the errors of the jsonschema package, without echoes of one mistake.

    A value is reported once even when several keywords reject it, and not where its key is wrong,
    which decides what the value may be. A field is not reported as missing when its own misspelling
    is reported already.
    """
    found = islice((p for error in errors for p in _problems_of(error)), _MOST)
    # Several branches of a schema may report the same mistake.
    problems = list(dict.fromkeys(found))
    misspelt = {(*p.pointer[:-1], p.suggestion) for p in problems if p.suggestion}
    unnamed = {p.pointer for p in problems if p.rule == "schema.key"}
    values: dict[Pointer, Problem] = {}
    others = []
    for problem in problems:
        if problem.missing:
            if problem.field not in misspelt:
                others.append(problem)
        elif problem.at_key:
            others.append(problem)
        elif problem.pointer not in unnamed:
            values.setdefault(problem.pointer, problem)
    return [*others, *values.values()]


def _problems_of(error: Any) -> Iterator[Problem]:
    """The problems that one error of the jsonschema package means."""
    pointer: Pointer = tuple(error.absolute_path)
    # Here the instance is the key itself, whatever keyword has rejected it.
    if "propertyNames" in error.absolute_schema_path:
        says = f"has a name that is not {expected_form(error.schema)}"
        fix = _rewrite(error.instance, error.schema)
        yield Problem((*pointer, error.instance), "schema.key", says, fix, at_key=True)
        return
    yield from _EXPLAIN.get(error.validator, _other)(error, pointer)


def _unknown(error: Any, pointer: Pointer) -> Iterator[Problem]:
    known = sorted(error.schema.get("properties", {}))
    unknown = [name for name in error.instance if name not in known]
    for count, name in enumerate(unknown):
        if refused := _REFUSED.get((*pointer, name)):
            says, fix = refused
            yield Problem((*pointer, name), "schema.refused-field", says, fix, at_key=True)
            continue
        # Bounded: a hostile file may have thousands of unknown fields, and comparing is slow.
        right = closest(name, known) if count < COMPARED else ""
        says = "is not a known field"
        if right:
            exists = right in error.instance  # perhaps only in the family's defaults
            yield Problem(
                (*pointer, name), "schema.unknown-field", f"{says}; did you mean {right}?",
                f"write {right} if that is meant, or remove the field",
                at_key=True, suggestion="" if exists else right,
            )  # fmt: skip
        else:
            fix = f"remove it; the fields here are {listed(known)}"
            yield Problem((*pointer, name), "schema.unknown-field", says, fix, at_key=True)


def _required(error: Any, pointer: Pointer) -> Iterator[Problem]:
    open_to = error.schema.get("additionalProperties", True) is True
    others = [key for key in error.instance if key not in error.schema.get("properties", {})]
    for name in error.validator_value:
        if name in error.instance:
            continue
        misspelt = next((key for key in others[:COMPARED] if closest(key, [name])), "")
        if open_to and misspelt:  # the mapping allows unknown fields, so nothing else reports it
            says = f"is not a known field; did you mean {name}?"
            yield Problem(
                (*pointer, misspelt), "schema.unknown-field", says,
                f"write {name} if that is meant, or remove the field",
                at_key=True, suggestion=name,
            )  # fmt: skip
        else:
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
    must_be = " or ".join(type_name(kind) for kind in kinds if kind != "null")
    if value is None:
        fix = "give it a value, or remove the line"
        says = f"is empty; it must be {must_be}"
    else:
        fix = _retyped(value, kinds, error.schema)
        says = f"is {describe_value(value)}; it must be {must_be}"
    yield Problem(pointer, "schema.type", says, fix, number=_number(value))


def _retyped(value: Json, kinds: list[str], schema: Json) -> str:
    """How to write a value of a wrong type; quotes only where the quoted text would be valid."""
    quotes = quoted_form(value, kinds)
    # Quotes alone would not help: the schema would refuse the quoted text next.
    if "string" in kinds and ("enum" in schema or not _fits(brief(value), schema)):
        allowed = [str(each) for each in schema.get("enum", [])]
        if brief(value) in allowed:
            return f'write it in quotes: "{brief(value)}"'
        return f"write in quotes {alternatives(allowed)}" if allowed else advice(schema)
    if "object" in kinds and schema.get("properties"):
        return f"write the fields of it below: {listed(sorted(schema['properties']))}"
    if not quotes and (instead := suggest(value, {**schema, "type": kinds})):
        # That of a boolean is no guess; another spelling of a text may mean another thing.
        return f"write {instead}" if "boolean" in kinds else f"did you mean {instead}?"
    wanted = " or ".join(type_name(kind) for kind in kinds)
    return quotes or f"write {wanted} {bounds(schema)}".rstrip() + example(schema)


def _rewrite(value: Json, schema: Json) -> str:
    """A spelling of the text that the schema allows, if there is one, and what it expects."""
    instead = suggest(value, schema)
    # A question: another spelling may be another value, as 10m of cores and 10M are.
    return f"did you mean {instead}? {advice(schema)}" if instead else advice(schema)


def _number(value: Json) -> str:
    return brief(value) if type(value) in (int, float) else ""


def _fits(text: str, schema: Json) -> bool:
    pattern = schema.get("pattern")
    return len(text) >= schema.get("minLength", 0) and (
        not isinstance(pattern, str) or bool(re.search(pattern, text))
    )


def _enum(error: Any, pointer: Pointer) -> Iterator[Problem]:
    allowed = [str(value) for value in error.validator_value]
    value = error.instance
    says, instead = f"is {describe_value(value)}", alternatives(allowed)
    if isinstance(value, str):
        says = f"is {brief(value)}; it must be {instead}"
        # A likeness above the default, as in suggestions: "online" must not become "offline".
        close = closest(value, allowed, likeness=0.8)
        fix = f"write {instead}" + (f"; did you mean {close}?" if close else "")
    elif str(value) in allowed:
        fix = f'write it in quotes: "{value}"'
    else:
        fix = f"write {instead}"
    yield Problem(pointer, "schema.value", says, fix, number=_number(value))


def _const(error: Any, pointer: Pointer) -> Iterator[Problem]:
    wanted = str(error.validator_value)
    says = f"is {describe_value(error.instance)}; it must be {wanted}"
    yield Problem(pointer, "schema.value", says, f"write {wanted}")


def _form(error: Any, pointer: Pointer) -> Iterator[Problem]:
    value, limit = error.instance, error.schema.get("maxLength")
    if value == "":
        says = f"is empty; it must be {expected_form(error.schema)}"
    elif error.validator == "maxLength" and (len(value) > _SHORT or _fits(value, error.schema)):
        says = f"has {len(value)} characters; at most {limit} are allowed"
    else:
        says = f"is {brief(value)}, which is not {expected_form(error.schema)}"
    yield Problem(pointer, "schema.form", says, _rewrite(value, error.schema))


def _range(error: Any, pointer: Pointer) -> Iterator[Problem]:
    allowed = bounds(error.schema)
    says = f"is {brief(error.instance)}; it must be {allowed}"
    number = _number(error.instance)
    yield Problem(pointer, "schema.range", says, f"write a number {allowed}", number=number)


def _count(error: Any, pointer: Pointer) -> Iterator[Problem]:
    bound, have = error.validator_value, len(error.instance)
    one, several = ("field", "fields") if "Prop" in error.validator else ("entry", "entries")
    many = "at least" if error.validator.startswith("min") else "at most"
    says = f"has {have or 'no'} {several}; it needs {many} {bound}"
    if many == "at most":
        says = f"has {have} {several}; at most {bound} {'is' if bound == 1 else 'are'} allowed"
    fix = f"write {many} {bound} {one if bound == 1 else several}"
    known = sorted(error.schema.get("properties", {}))
    yield Problem(pointer, "schema.count", says, f"{fix}: {alternatives(known)}" if known else fix)


def _unique(error: Any, pointer: Pointer) -> Iterator[Problem]:
    says = "is a duplicate entry: already in this list"
    yield Problem(pointer, "schema.repeated", says, "remove one of the two")


def _any_of(error: Any, pointer: Pointer) -> Iterator[Problem]:
    choices = [part.get("required", []) for part in error.validator_value]
    if all(len(names) == 1 for names in choices) and isinstance(error.instance, dict):
        names = [each[0] for each in choices]
        unknown = [key for key in error.instance if key not in error.schema.get("properties", ())]
        misspelt = {closest(key, names) for key in unknown} - {""}
        # A misspelt field has its own finding, which says how to write it.
        if not misspelt:
            says = f"needs {alternatives(names)}"
            yield Problem(pointer, "schema.missing-field", says, f"add {alternatives(names)}")
        return
    yield from _other(error, pointer)


def _refused(error: Any, pointer: Pointer) -> Iterator[Problem]:
    # A field that others rule out; the title says what it is for.
    says = f"is {error.schema.get('title', 'not allowed here')}"
    yield Problem(pointer, "schema.refused-field", says, "remove it", at_key=True)


def _other(error: Any, pointer: Pointer) -> Iterator[Problem]:
    says = f"is not {expected_form(error.schema)}"
    yield Problem(pointer, "schema.form", says, advice(error.schema))


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
    "not": _refused,
}
