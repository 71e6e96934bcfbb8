"""Reads the JSON Schemas of a tree and compiles them; nothing is ever fetched from elsewhere."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import jsonschema_rs

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Tree
from lockstep.spec.schema.gate_schema import check_sources
from lockstep.text.sanitise import one_line

FOLDER = "policies/schemas/"
BASE = "https://lockstep.dev/schemas/"
"""What relative references resolve against. Only a name: nothing is fetched from there."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Those are for rendered objects; render reads and compiles them itself.
_NOT_SCHEMAS = (FOLDER + "rendered/",)

SchemaFiles = dict[str, Json]
"""Schemas by their path below ``policies/schemas/``, without ``$schema``."""


def read_schemas(tree: Tree) -> SchemaFiles:
    """The schemas of a tree.

    Raises LockstepError for a file that is not a schema of draft 2020-12, where there is none, and
    where ``gate.json`` and the gate sources in ``gates/`` do not name each other.
    """
    files = {
        path.removeprefix(FOLDER): _read(path, data)
        for path, data in sorted(tree.items())
        if path.startswith(FOLDER) and path.endswith(".json") and not path.startswith(_NOT_SCHEMAS)
    }
    if not files:
        raise LockstepError(
            f"there are no schemas in {FOLDER}", where=FOLDER, fix="restore the folder from git"
        )
    check_sources(files)
    return files


def compile_fast(files: SchemaFiles) -> Callable[[str], jsonschema_rs.Validator]:
    """A function from a schema's path to its compiled validator (jsonschema-rs).

    Raises LockstepError for a reference to a schema that does not exist, or outside of the tree.
    """
    resources = [(BASE + name, schema) for name, schema in files.items()]
    try:
        # Without a retriever of ours it would fetch a remote $ref, and open a file: one.
        registry = jsonschema_rs.Registry(
            resources, draft=jsonschema_rs.Draft202012, retriever=_refuse
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise broken("", error) from error

    def compile_one(name: str) -> jsonschema_rs.Validator:
        try:
            return jsonschema_rs.Draft202012Validator(
                {"$ref": BASE + name}, registry=registry, offline=True
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise broken(name, error) from error

    return compile_one


def broken(name: str, error: Exception) -> LockstepError:
    """The error for a schema that cannot be used, with the first line of the reason."""
    reason = one_line(str(error).strip().split("\n", 1)[0], 300)
    return LockstepError(
        f"this schema cannot be used: {reason}",
        where=FOLDER + name,
        fix="correct the schema; it may refer to files of policies/schemas/ only",
    )


def _read(path: str, data: bytes) -> Json:
    name = path.removeprefix(FOLDER)
    try:
        schema = json.loads(data)
    # RecursionError: a pull request may bring a schema of nested brackets.
    except (ValueError, RecursionError) as error:
        raise broken(name, error) from error
    if not isinstance(schema, dict) or schema.get("$schema") != DIALECT:
        raise broken(name, ValueError(f'it does not begin with "$schema": "{DIALECT}"'))
    try:
        jsonschema_rs.meta.validate(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise broken(name, error) from error
    return {key: value for key, value in schema.items() if key != "$schema"}


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not part of policies/schemas/, and nothing is fetched")


def compile_slow(name: str, files: SchemaFiles) -> Any:
    """A validator of the jsonschema package, whose errors say which schema was broken and how.

    It is stricter than the draft in one point: 90.0 is not an integer, because manifests would
    then say 90.0.
    """
    # Imported late, because a fleet without mistakes never needs the slow package.
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    registry: Any = Registry(retrieve=_refuse).with_resources(  # type: ignore[call-arg]
        (BASE + path, DRAFT202012.create_resource(schema)) for path, schema in files.items()
    )
    strict = validators.extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        validators={"uniqueItems": _unique_items},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
    )
    return strict({"$ref": BASE + name}, registry=registry)


def _is_integer(_: Any, value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _unique_items(_: Any, wanted: bool, items: Json, __: Json) -> Iterator[Any]:
    """Replaces the package's own check, which is quadratic for lists of mappings."""
    from jsonschema import ValidationError

    if not wanted or not isinstance(items, list):
        return
    seen: set[str] = set()
    for index, item in enumerate(items):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            yield ValidationError("duplicate entry", path=[index])
        seen.add(text)
