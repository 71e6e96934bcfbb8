"""Thresholds: the numbers and lists that an organisation sets, validated by their schemas.

A rule has its own in its folder (``thresholds.yaml`` and ``thresholds.schema.json``, read by the
rule as ``data.thresholds.<package>``). What several rules share is in
``policies/data/<name>.yaml``, with ``policies/schemas/data/<name>.json``; what belongs to an
organisation, so that no default could be right, is in ORGANISATION.
"""

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import lru_cache

import yaml

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Related
from lockstep.model.fleet import Tree
from lockstep.model.paths import NOT_READ_AS_YML, as_yaml
from lockstep.policy.rules import FOLDER, Rule
from lockstep.spec.place import Place
from lockstep.spec.schema.load import DIALECT, compile_slow
from lockstep.spec.schema.messages import Problem, explain
from lockstep.spec.schema.schemas import problem_finding
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import one_line

ORGANISATION = "policies/data/organisation.yaml"
"""Registries, mail domains, zones of hosts, secret stores and jurisdictions of an organisation."""

MISSING = "data.missing"
"""The rule id of thresholds that a rule needs and that are not written."""

_SHARED = "policies/data/"
_SCHEMAS = "policies/schemas/data/"
_ROOT = "thresholds"
_DEPTH = 2
"""Keys above the fields of thresholds: ``thresholds``, and the name of the rule or the file."""

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
    read = [path for path in sorted(policies) if path not in stray]
    absent = [finding for path in read for finding in _absent(path, policies)]
    found = (finding for path in read for finding in _check(path, policies))
    return [*stray.values(), *absent, *found]


def threshold_values(path: str, data: bytes) -> Mapping[str, Json]:
    """The values in a file of thresholds, by name; empty where it cannot be read."""
    names = _names(path)
    document, _ = load_yaml(path, data)
    found = value_at(document.value, (_ROOT, names[1])) if document and names else None
    return found if isinstance(found, dict) else {}


def threshold_places(rule: Rule, fields: Iterable[str], policies: Tree) -> tuple[Related, ...]:
    """Where these of a rule's thresholds are written.

    A field with the name of a whole file's thresholds is all of them. Of several files with a
    field, the first counts; where none has it, it is shown as missing in the first.
    """
    files = _files_of(rule, policies)
    return tuple(
        _place(*next((each for each in files if field in each[2]), files[0]), field)
        for field in fields
        if files
    )


def _place(document: Document, name: str, _: Container[str], field: str) -> Related:
    if field == name:
        return Related(*document.locate((_ROOT, name), key=True), "the thresholds")
    where = document.locate((_ROOT, name, field), key=True)
    return Related(*where, f"the threshold {one_line(field, 60)}")


def threshold_fields(rule: Rule, policies: Tree) -> tuple[str, ...]:
    """What ``threshold_places`` knows of a rule: the keys of its files, and the fields below."""
    return tuple(field for _, _, known in _files_of(rule, policies) for field in known)


def _files_of(rule: Rule, policies: Tree) -> list[tuple[Document, str, tuple[str, ...]]]:
    """Each file with thresholds of a rule, the key that holds them, and what is known of it."""
    found = []
    for path in rule.thresholds:
        names, data = _names(path), policies.get(path, b"")
        document = _document(path, data) if names else None
        if names and document is not None:
            known = (names[1], *threshold_values(path, data))
            found.append((document, names[1], known))
    return found


@lru_cache(maxsize=64)
def _document(path: str, data: bytes) -> Document | None:
    """A parsed file; the findings of a thousand clusters name the same few files."""
    return load_yaml(path, data)[0]


def unusable(rules: Iterable[Rule], wrong: Iterable[Finding]) -> frozenset[Rule]:
    """The rules that read thresholds about which something is wrong: they cannot be evaluated."""
    files = {finding.file for finding in wrong}
    return frozenset(rule for rule in rules if not files.isdisjoint(rule.thresholds))


def _absent(path: str, policies: Tree) -> Iterator[Finding]:
    """A finding where this is the schema of thresholds that are not there."""
    if path.startswith(_SCHEMAS):
        name = path.removeprefix(_SCHEMAS).removesuffix(".json")
        files = [f"{_SHARED}{name}.yaml", f"{_SHARED}{name}.json"]
    elif path.startswith(FOLDER) and path.endswith("/thresholds.schema.json"):
        name, files = path.split("/")[-2], [path.replace(".schema.json", ".yaml")]
    else:
        return
    if not any(file in policies for file in files):
        schema = _schema(path, policies[path])
        about = str(schema.get("description", "thresholds")).rstrip(".")
        fix = f"write in it {_ROOT}: {{{name.replace('-', '_')}: {_example(schema)}}}"
        yield Finding(files[0], 1, 1, MISSING, f"this file is missing. Its subject: {about}", fix)


def _shown_missing(document: Document, problem: Problem, schema: Json) -> Finding | None:
    """The finding for a field of thresholds that is missing, if its schema has an example of it."""
    field = value_at(schema, ("properties", problem.missing))
    if len(problem.pointer) != _DEPTH or not problem.missing or not field:
        return None
    about = str(field.get("description", "")).rstrip(".")
    text = f"{problem.missing} is missing. Its subject: {about}"
    fix = f"add {problem.missing}: {_example(field)}"
    return Place(document, problem.pointer).finding(MISSING, text, fix, at_key=True)


def _example(schema: Json) -> str:
    """An example of what fits a schema, as YAML on one line."""
    text = yaml.safe_dump(_sample(schema), default_flow_style=True, width=10_000, sort_keys=False)
    return text.strip().removesuffix("...").strip()


def _sample(schema: Json) -> Json:
    if examples := schema.get("examples"):
        return examples[0]
    fields = schema.get("properties", {})
    return {name: _sample(fields.get(name, {})) for name in schema.get("required", ())} or None


def _is_stray(path: str) -> bool:
    # Rules or numbers in a misnamed file would have no effect, and nothing would say so.
    return path.endswith(_SUFFIXES) and not _READ.fullmatch(path)


def _stray(path: str) -> Finding:
    renamed = as_yaml(path)
    if renamed and _READ.fullmatch(renamed):
        fix = f"rename it to .yaml: {renamed}"
        return Finding(path, 1, 1, "data.stray", NOT_READ_AS_YML, fix)
    fix = "rename or remove it, or move it to where docs/how-to/opa.md of Lockstep says"
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
        shown = _shown_missing(document, problem, schema)
        yield shown or problem_finding(Place(document, problem.pointer), problem)


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
