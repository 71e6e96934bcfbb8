"""Checks rendered objects by the schemas of their kinds, each compiled once.

Kubernetes' own objects: the strict schemas of the environment's Kubernetes version. Those of
Istio and Argo CD: closed schemas in ``policies/schemas/rendered/``.
"""

import json
from collections.abc import Callable, Iterator

import jsonschema_rs

from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.render.schema_problems import ManifestProblem, problems_of, problems_of_name
from lockstep.text.sanitise import one_line

OWN_SCHEMAS = "policies/schemas/rendered/"
_SHARED = "_definitions.json"
_REF_TO_SHARED = b'"/api/_definitions.json#/$defs/'
_LOCAL = "#/$defs/"

_FIX = "correct it; it must be JSON Schema 2020-12 without references to other files"
_FIX_BASE = "correct it on the base branch first: the schemas of the base apply to this change too"

ReadKubernetes = Callable[[str, str], bytes | None]
"""Gives a schema file by Kubernetes version and file name; None where there is none."""


class ManifestSchemas:
    """Schemas by kind. ``findings`` has one for each own schema that cannot be used.

    An own schema takes precedence over that of Kubernetes. Where those of ``base`` differ from
    those of ``tree``, a manifest must be valid by both: a change cannot loosen its own checks.
    """

    def __init__(
        self, tree: Tree, read_kubernetes: ReadKubernetes, base: Tree | None = None
    ) -> None:
        self.findings: list[Finding] = []
        self._read = read_kubernetes
        self._definitions: dict[str, Json] = {}
        self._kubernetes: dict[tuple[str, str], jsonschema_rs.Validator | None] = {}
        self._known: dict[tuple[str, str, str], list[jsonschema_rs.Validator]] = {}
        own, known = _own_files(tree), _own_files(base or {})
        self._own = [dict(self._compile_own(own, _FIX))]
        if known not in ({}, own):
            self._own.append(dict(self._compile_own(known, _FIX_BASE)))

    def knows(self, kubernetes_version: str) -> bool:
        """Whether there are schemas of that Kubernetes version."""
        return bool(self._shared(kubernetes_version))

    def problems(self, manifest: Json, kubernetes_version: str) -> Iterator[ManifestProblem]:
        """What is wrong with a manifest, each mistake with its place in it."""
        kind, version = manifest.get("kind"), manifest.get("apiVersion")
        if not isinstance(kind, str) or not isinstance(version, str):
            yield ManifestProblem((), "it has no apiVersion and kind")
            return
        key = kubernetes_version, version, kind
        if (validators := self._known.get(key)) is None:
            name = _file_name(version, kind)
            validators = self._known[key] = self._validators(kubernetes_version, name)
        if not validators:
            unknown = one_line(f"{version} {kind}", 160)
            yield ManifestProblem(("kind",), f"there is no schema for {unknown}")
        # is_valid first: it is quicker than listing errors, and nearly all manifests are valid.
        wrong = [list(v.iter_errors(manifest)) for v in validators if not v.is_valid(manifest)]
        # Once, where the schemas of the tree and of its base say the same.
        yield from dict.fromkeys(problem for errors in wrong for problem in problems_of(errors))
        if validators and not wrong:
            yield from problems_of_name(manifest)

    def _validators(self, version: str, name: str) -> list[jsonschema_rs.Validator]:
        kubernetes = self._of_kubernetes(version, name)
        first, *others = (own.get(name) or kubernetes for own in self._own)
        # The tree and its base can share a schema of Kubernetes, which is then asked once.
        return [v for v in (first, *(o for o in others if o is not first)) if v is not None]

    def _of_kubernetes(self, version: str, name: str) -> jsonschema_rs.Validator | None:
        key = version, name
        # None is kept too, so that a kind without a schema is looked up once.
        if key not in self._kubernetes:
            data = self._read(version, name)
            self._kubernetes[key] = self._compile(data, self._shared(version)) if data else None
        return self._kubernetes[key]

    def _shared(self, version: str) -> Json:
        if version not in self._definitions:
            data = self._read(version, _SHARED)
            self._definitions[version] = _load(data)["$defs"] if data else {}
        return self._definitions[version]

    def _compile(self, data: bytes, shared: Json) -> jsonschema_rs.Validator:
        """A schema with the shared definitions that it reaches: compiling all takes seconds."""
        schema = _load(data)
        reached: dict[str, Json] = {}
        waiting = list(_references(schema))
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached[name] = shared[name]
                waiting += _references(shared[name])
        return jsonschema_rs.Draft202012Validator({**schema, "$defs": reached}, offline=True)

    def _compile_own(self, files: Tree, fix: str) -> Iterator[tuple[str, jsonschema_rs.Validator]]:
        for path, data in sorted(files.items()):
            try:
                schema = json.loads(data)
                # Offline: a $ref in a change must not make the check fetch a URL or read a file.
                validator = jsonschema_rs.Draft202012Validator(schema, offline=True)
            # RecursionError, because a change can bring a schema that is nested very deep.
            except (ValueError, RecursionError, jsonschema_rs.ReferencingError) as error:
                text = f"the schema cannot be used: {one_line(str(error), 300)}"
                # The base can have the same broken file: one finding is enough.
                if path not in {finding.file for finding in self.findings}:
                    self.findings.append(Finding(path, 1, 1, "render.schema", text, fix))
            else:
                yield path.removeprefix(OWN_SCHEMAS), validator


def _own_files(tree: Tree) -> Tree:
    return {p: d for p, d in tree.items() if p.startswith(OWN_SCHEMAS) and p.endswith(".json")}


def _file_name(api_version: str, kind: str) -> str:
    """``deployment-apps-v1.json``: kind, first label of the group, version."""
    group, _, version = api_version.rpartition("/")
    parts = [kind, group.partition(".")[0], version] if group else [kind, version]
    return "-".join(parts).lower() + ".json"


def _load(data: bytes) -> Json:
    return json.loads(data.replace(_REF_TO_SHARED, f'"{_LOCAL}'.encode()))


def _references(schema: Json) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(_LOCAL)
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
