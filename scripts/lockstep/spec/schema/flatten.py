"""Flattened schemas, without references and choices, for readers that only know types of fields.

``opa check --schema`` is one: it reads JSON Schema as of draft 7, treats an object with
``properties`` as closed, and reads no other file than the one that it is given.
Source: https://www.openpolicyagent.org/docs/policy-language#using-schemas-to-enhance-the-rego-type-checker
"""

import posixpath
from collections.abc import Iterator, Mapping

from lockstep.model.document import Json, from_json_pointer, value_at
from lockstep.model.errors import LockstepError

_FOLDER = "policies/schemas/"
# Integers are numbers here, because Rego has one type for both.
_NAMES = {str: "string", bool: "boolean", int: "number", float: "number"}
_UNTYPED: Json = {}


def flatten(files: Mapping[str, Json], name: str) -> Json:
    """The schema in the file ``name`` (``a.json``, or ``a.json#/$defs/b``) as types alone.

    What is left is ``type`` (one name), ``properties``, ``items`` and, for a map with keys of any
    name, ``additionalProperties``. An object that allows several forms, such as a gate, has the
    fields of all of them. A value that may be null keeps its type only where it is a mapping or a
    list. ``files`` are schemas by their path below ``policies/schemas/``. Raises LockstepError
    where a reference leads to no schema, or back to itself.
    """
    return _types(_whole(files, name, ()))


def fields_by_name(schema: Json, above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Each field of a flattened schema: its name, and the path of the mapping that has it.

    Fields of list items are left out, because they have a place in each item.
    """
    for name, inner in schema.get("properties", {}).items():
        yield name, ".".join(above)
        yield from fields_by_name(inner, (*above, name))


def find(files: Mapping[str, Json], name: str, holder: str = "") -> Json:
    """The schema ``a.json`` or ``a.json#/$defs/b``; ``holder`` is the one that refers to it.

    Raises LockstepError where there is none.
    """
    path, _, fragment = name.partition("#")
    schema = value_at(files.get(path), from_json_pointer(fragment, files.get(path)))
    if not isinstance(schema, dict | bool):
        raise _unusable(holder or name, f"there is no schema {name}")
    return schema


def target(name: str, reference: str) -> str:
    """The name of the schema that a ``$ref`` inside of the schema ``name`` leads to."""
    path = name.partition("#")[0]
    file, _, fragment = reference.partition("#")
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
    return f"{found}#{fragment}" if fragment else found


def _whole(files: Mapping[str, Json], name: str, within: tuple[str, ...]) -> Json:
    """The schema at a name, with every reference replaced by what it refers to."""
    # A schema that refers to itself, which would be followed without end.
    if name in within:
        raise _unusable(within[0], f"{' and '.join(sorted(set(within)))} refer to themselves")
    holder = within[-1] if within else name
    return _resolved(files, name.partition("#")[0], find(files, name, holder), (*within, name))


def _resolved(files: Mapping[str, Json], path: str, schema: Json, within: tuple[str, ...]) -> Json:
    if not isinstance(schema, dict):
        return _UNTYPED
    parts = [{key: value for key, value in schema.items() if key not in _APPLIED}]
    if "$ref" in schema:
        parts.append(_whole(files, target(path, schema["$ref"]), within))
    applied = [
        *schema.get("allOf", []),
        # Both branches: a reader of types alone cannot evaluate the if.
        *(schema[key] for key in ("then", "else") if key in schema),
    ]
    parts += (_resolved(files, path, part, within) for part in applied)
    parts += (_resolved(files, path, part, within) for part in schema.get("anyOf", []))
    inner = {
        key: _resolved(files, path, schema[key], within)
        for key in ("items", "additionalProperties")
        if key in schema
    }
    properties = {
        name: _resolved(files, path, each, within)
        for name, each in schema.get("properties", {}).items()
    }
    return _together([*parts, {**inner, **({"properties": properties} if properties else {})}])


# Resolved one by one in _resolved, and so not copied as they are.
_APPLIED = frozenset(
    ("$ref", "allOf", "anyOf", "then", "else", "items", "properties", "additionalProperties")
)


def _together(parts: list[Json]) -> Json:
    """Several schemas for one value as one: their fields add up."""
    whole: Json = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(whole.get(key), dict)
            if both and key == "properties":
                names = {**whole[key], **value}
                whole[key] = {
                    name: _together([s[name] for s in (whole[key], value) if name in s])
                    for name in names
                }
            else:
                whole[key] = _together([whole[key], value]) if both else value
    return whole


def _types(schema: Json) -> Json:
    kind = _kind(schema)
    if kind == "object" and schema.get("properties"):
        properties = {name: _types(inner) for name, inner in schema["properties"].items()}
        return {"type": "object", "properties": properties}
    if kind == "object":
        values = _types(schema.get("additionalProperties") or _UNTYPED)
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if kind == "array":
        return {"type": "array", "items": _types(schema.get("items", _UNTYPED))}
    return {"type": kind} if kind else _UNTYPED


def _kind(schema: Json) -> str:
    """The one type of a value; empty where it may be of several, or null without being either."""
    kinds = schema.get("type", [])
    if not kinds and ("enum" in schema or "const" in schema):
        kinds = list({_NAMES.get(type(v), "") for v in schema.get("enum", [schema.get("const")])})
    elif not kinds and "properties" in schema:
        kinds = "object"
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if kinds - {"null"} <= {"integer", "number"}:
        kinds = {"number" if kind == "integer" else kind for kind in kinds}
    wide = kinds - {"null"}
    # Untyped is safer than too narrow: OPA would refuse a rule that compares with null.
    if len(wide) != 1 or ("null" in kinds and not wide & {"object", "array"}):
        return ""
    return str(wide.pop())


def _unusable(name: str, says: str) -> LockstepError:
    return LockstepError(
        f"this schema cannot be flattened: {says}",
        where=_FOLDER + name.partition("#")[0],
        fix="correct the reference; a schema may not contain itself",
    )
