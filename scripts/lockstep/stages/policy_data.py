"""Thresholds: the numbers and lists that an organisation sets, held against their schemas.

A rule has its own beside it (``thresholds.yaml`` and ``thresholds.schema.json``, read by the rule
as ``data.thresholds.<package>``); what several rules share stands in ``policies/data/<name>.yaml``,
with ``policies/schemas/data/<name>.json``.
"""

import json
from collections.abc import Iterator

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.stages.load import load_yaml
from lockstep.stages.messages import explain
from lockstep.stages.placing import Place
from lockstep.stages.policy_rules import FOLDER
from lockstep.stages.schema_load import DIALECT, compile_slow
from lockstep.stages.schema_set import problem_finding

_SHARED = "policies/data/"
_SCHEMAS = "policies/schemas/data/"
_ROOT = "thresholds"


def check_data(policies: Tree) -> list[Finding]:
    """What is wrong with the thresholds of a tree: unreadable, unknown, missing, out of bounds.

    Raises LockstepError for a schema that cannot be used.
    """
    return [finding for path in sorted(policies) for finding in _check(path, policies)]


def _check(path: str, policies: Tree) -> Iterator[Finding]:
    names = _names(path)
    if names is None:
        return
    schema_path, package = names
    document, findings = load_yaml(path, policies[path])
    yield from findings
    if document is None or findings:
        return
    if schema_path not in policies:
        says, fix = "these thresholds have no schema", f"add {schema_path}"
        yield Place(document, ()).finding("data.schema", says, fix)
        return
    yield from _problems(document, package, _schema(schema_path, policies[schema_path]))


def _names(path: str) -> tuple[str, str] | None:
    """The schema of a file with thresholds and the key below which they stand."""
    if path.startswith(FOLDER) and path.endswith("/thresholds.yaml"):
        rule = path.removeprefix(FOLDER).split("/")[0]
        return f"{FOLDER}{rule}/thresholds.schema.json", rule.replace("-", "_")
    name = path.removeprefix(_SHARED).removesuffix(".yaml")
    if path == f"{_SHARED}{name}.yaml" and "/" not in name:
        return f"{_SCHEMAS}{name}.json", name.replace("-", "_")
    return None


def _problems(document: Document, package: str, schema: Json) -> Iterator[Finding]:
    whole = {
        "type": "object",
        "additionalProperties": False,
        "required": [_ROOT],
        "properties": {
            _ROOT: {
                "type": "object",
                "additionalProperties": False,
                "required": [package],
                "properties": {package: {"$ref": "rule.json"}},
            }
        },
    }
    errors = compile_slow("data.json", {"data.json": whole, "rule.json": schema}).iter_errors(
        document.value
    )
    for problem in explain(errors):
        yield problem_finding(Place(document, problem.pointer), problem)


def _schema(path: str, data: bytes) -> Json:
    try:
        schema = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LockstepError(f"this schema is no JSON: {error}", where=path) from error
    if value_at(schema, ("$schema",)) != DIALECT:
        fix = f'begin it with "$schema": "{DIALECT}"'
        raise LockstepError("this is no schema of draft 2020-12", where=path, fix=fix)
    return {key: value for key, value in schema.items() if key != "$schema"}
