"""The schemas of a repository, ready to be asked: a quick verdict, and reasons where it is no."""

import functools
import re
from typing import Any

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.stages.messages import Problem, explain
from lockstep.stages.placing import Place
from lockstep.stages.schema_load import broken, compile_fast, compile_slow, read_schemas

EFFECTIVE = "effective-cluster.json"

_WRITTEN_BY_PEOPLE = frozenset(("Environment", "ModelFamily", "ModelCluster", "Waivers"))


class Schemas:
    """The schemas of one tree (``policies/schemas/``); each is compiled once, when it is needed."""

    def __init__(self, tree: Tree) -> None:
        """Nothing outside of ``tree`` is read. Raises LockstepError for unusable schemas."""
        self._files = read_schemas(tree)
        self._by_kind = {
            kind: name for name, schema in self._files.items() if (kind := _kind_of(schema))
        }
        self._fast = functools.cache(compile_fast(self._files))
        self._strict = {EFFECTIVE} | {
            name for kind, name in self._by_kind.items() if kind in _WRITTEN_BY_PEOPLE
        }
        self._slow = functools.cache(functools.partial(compile_slow, files=self._files))

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that have a schema."""
        return frozenset(self._by_kind)

    def check(self, kind: str, document: Document) -> list[Finding]:
        """What is wrong with a document of ``kind``, at the lines of its file."""
        problems = self.problems(self.file_of(kind), document.value)
        return [problem_finding(Place(document, p.pointer), p) for p in problems]

    def file_of(self, kind: str) -> str:
        """The schema file of a kind. Raises LockstepError where there is none."""
        if kind not in self._by_kind:
            raise LockstepError(f"policies/schemas/ has no schema for the kind {kind}")
        return self._by_kind[kind]

    def problems(self, name: str, value: Json) -> list[Problem]:
        """What is wrong with a value under the schema file ``name``; empty where it is valid."""
        if name not in self._files:
            raise LockstepError(f"policies/schemas/{name} is missing")
        valid = self._is_valid(name, value)
        if valid and not (name in self._strict and _has_whole_float(value)):
            return []
        try:
            problems = explain(self._slow(name).iter_errors(value))
        except re.error as error:
            raise broken(name, error) from error
        if not problems and not valid:
            says = "does not fit the schema of its kind"
            return [Problem((), "schema.form", says, "compare it with a file that does")]
        return problems

    def _is_valid(self, name: str, value: Json) -> bool:
        try:
            return self._fast(name).is_valid(value)
        except ValueError:  # no JSON: a lone surrogate, for example
            return False


def problem_finding(place: Place, problem: Problem) -> Finding:
    """Names the field as its author wrote it, which for defaults is another path."""
    named = Place(place.document, (*place.pointer, problem.missing)) if problem.missing else place
    at_key = problem.at_key or bool(problem.missing)
    return place.finding(problem.rule, f"{named.field} {problem.says}", problem.fix, at_key=at_key)


def _kind_of(schema: Json) -> str:
    kind = value_at(schema, ("properties", "kind", "const"), "")
    return kind if isinstance(kind, str) else ""


def _has_whole_float(value: Json) -> bool:
    """Whether a float such as 90.0 is in it, which a schema takes for an integer."""
    return any(type(item) is float and item.is_integer() for item in _leaves(value))


def has_null(value: Json) -> bool:
    """Whether an empty value is in it, which a merge takes for the removal of a field."""
    return None in _leaves(value)


def _leaves(value: Json) -> list[Any]:
    """What is neither mapping nor list; without recursion, for documents may be deep."""
    waiting, leaves = [value], []
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is dict:
            waiting += item.values()
        elif kind is list:
            waiting += item
        elif kind is not str:
            leaves.append(item)
    return leaves
