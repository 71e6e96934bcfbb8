"""Thresholds: the numbers and lists that an organisation sets, validated by their schemas.

A rule has its own in its folder (``thresholds.yaml`` and ``thresholds.schema.json``, read by the
rule as ``data.thresholds.<package>``). What several rules share is in
``policies/data/<name>.yaml``, with ``policies/schemas/data/<name>.json``.
"""

import json
import re
from collections.abc import Iterator

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.policy.rules import FOLDER
from lockstep.spec.place import Place
from lockstep.spec.schema.load import DIALECT, compile_slow
from lockstep.spec.schema.messages import explain
from lockstep.spec.schema.schemas import problem_finding
from lockstep.spec.yaml.load import load_yaml

_SHARED = "policies/data/"
_SCHEMAS = "policies/schemas/data/"
_ROOT = "thresholds"
_SUFFIXES = (".rego", ".yaml", ".yml", ".json")
_READ = re.compile(
    r"policies/(?:main(?:_test)?\.rego|lib/.+\.rego|schemas/.+\.json|examples/.+"
    r"|data/[^/]+\.(?:yaml|json)|data/waivers/.+\.yaml"
    r"|rules/[^/]+/(?:.+\.rego|thresholds\.yaml|thresholds\.schema\.json|examples\.yaml))"
)
"""The policy files that are read: Rego, schemas, data, waivers, thresholds and examples."""


def check_data(policies: Tree) -> list[Finding]:
    """The findings about the thresholds of a tree: unreadable, unknown, missing, out of bounds.

    Also policy files that nothing reads: their content would be ignored silently. Raises
    LockstepError for a schema that cannot be used.
    """
    stray = {path: _stray(path) for path in sorted(policies) if _is_stray(path)}
    read = (path for path in sorted(policies) if path not in stray)
    return [*stray.values(), *(finding for path in read for finding in _check(path, policies))]


def _is_stray(path: str) -> bool:
    # Rules or numbers in a misnamed file would have no effect, and nothing would say so.
    return path.endswith(_SUFFIXES) and not _READ.fullmatch(path)


def _stray(path: str) -> Finding:
    fix = "rename it, move it to where docs/opa.md says, or remove it"
    return Finding(path, 1, 1, "data.stray", "no policy file of this name is read here", fix)


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
    """The schema of a file with thresholds, and the key that holds them."""
    if path.startswith(FOLDER) and path.endswith("/thresholds.yaml"):
        rule = path.removeprefix(FOLDER).split("/")[0]
        return f"{FOLDER}{rule}/thresholds.schema.json", rule.replace("-", "_")
    shared = re.fullmatch(rf"{_SHARED}([^/]+)\.(?:yaml|json)", path)
    if shared:
        return f"{_SCHEMAS}{shared[1]}.json", shared[1].replace("-", "_")
    return None


def _problems(document: Document, package: str, schema: Json) -> Iterator[Finding]:
    # Closed: thresholds under a misspelt name would be read by no rule.
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
    # The slow validator, because explain needs its errors; these files are few.
    errors = compile_slow("data.json", {"data.json": whole, "rule.json": schema}).iter_errors(
        document.value
    )
    for problem in explain(errors):
        yield problem_finding(Place(document, problem.pointer), problem)


def _schema(path: str, data: bytes) -> Json:
    try:
        schema = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LockstepError(
            f"this schema is not valid JSON: {error}", where=path, fix="correct the JSON"
        ) from error
    # Another draft ignores keywords that it does not know, and so checks less.
    if value_at(schema, ("$schema",)) != DIALECT:
        fix = f'begin it with "$schema": "{DIALECT}"'
        raise LockstepError("this is not a schema of draft 2020-12", where=path, fix=fix)
    return {key: value for key, value in schema.items() if key != "$schema"}
