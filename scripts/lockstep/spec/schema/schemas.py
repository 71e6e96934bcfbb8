"""The schemas of a repository: a fast check, and an explanation where it fails.

jsonschema-rs is fast and says little; the jsonschema package explains each error and is slow. So
only what the first one rejects reaches the second.
"""

import functools
import re
from dataclasses import replace
from typing import Any

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.spec.place import Place
from lockstep.spec.schema.flatten import fields_by_name, flatten
from lockstep.spec.schema.load import broken, compile_fast, compile_slow, read_schemas
from lockstep.spec.schema.messages import Problem, explain
from lockstep.text.phrases import field_path

EFFECTIVE = "effective-cluster.json"

_RESTORE = "restore policies/schemas/ from git"
_FILES = {
    "Environment": "environment.yaml", "ModelFamily": "family.yaml",
    "ModelCluster": "the file of a cluster",
}  # fmt: skip
"""What people call the files of a kind, of which one may have a field that another has not."""

_WRITTEN_BY_PEOPLE = frozenset(("Environment", "ModelFamily", "ModelCluster", "Waivers"))


class Schemas:
    """The schemas of one tree (``policies/schemas/``); each is compiled once, when it is needed."""

    def __init__(self, tree: Tree) -> None:
        """Only ``tree`` is read. Raises LockstepError for unusable schemas."""
        self._files = read_schemas(tree)
        self._by_kind = {
            kind: name for name, schema in self._files.items() if (kind := _kind_of(schema))
        }
        self._fast = functools.cache(compile_fast(self._files))
        # Only these: machine files hold measurements, where 1.0 is a number like others.
        self._strict = {EFFECTIVE} | {
            name for kind, name in self._by_kind.items() if kind in _WRITTEN_BY_PEOPLE
        }
        self._homes = functools.cache(self._homes_in)
        self._slow = functools.cache(functools.partial(compile_slow, files=self._files))

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that have a schema."""
        return frozenset(self._by_kind)

    def knows(self, name: str) -> bool:
        """Whether there is a schema file of that name: an older base may lack a newer one."""
        return name in self._files

    def check(self, kind: str, document: Document) -> list[Finding]:
        """What is wrong with a document of ``kind``, at the lines of its file."""
        problems = self.problems(self.file_of(kind), document.value)
        return [problem_finding(Place(document, p.pointer), p) for p in problems]

    def file_of(self, kind: str) -> str:
        """The schema file of a kind. Raises LockstepError where there is none."""
        if kind not in self._by_kind:
            raise LockstepError(
                f"policies/schemas/ has no schema for the kind {kind}", fix=_RESTORE
            )
        return self._by_kind[kind]

    def problems(self, name: str, value: Json) -> list[Problem]:
        """What is wrong with a value under the schema file ``name``; empty where it is valid."""
        if name not in self._files:
            raise LockstepError(f"policies/schemas/{name} is missing", fix=_RESTORE)
        valid = self._is_valid(name, value)
        if valid and not (name in self._strict and _has_whole_float(value)):
            return []
        try:
            problems = explain(self._slow(name).iter_errors(value))
        except re.error as error:  # a pattern that only jsonschema-rs understands
            raise broken(name, error) from error
        # The two libraries disagree: what one of them rejects is not valid.
        if not problems and not valid:
            says = "does not match the schema of its kind"
            return [Problem((), "schema.form", says, "compare it with a valid file of that kind")]
        placed = [self._with_home(name, problem) for problem in problems]
        # A field that was written into the wrong mapping is not reported as missing as well.
        misplaced = {p.suggestion for p in placed if p.rule == "schema.unknown-field"}
        return [p for p in placed if not p.missing or field_path(p.field) not in misplaced]

    def _with_home(self, name: str, problem: Problem) -> Problem:
        """An unknown field that only one other mapping and its parts know belongs there.

        Or one that the file of another kind has in the same place.
        """
        if problem.rule != "schema.unknown-field" or "did you mean" in problem.says:
            return problem
        every = self._homes(name).get(str(problem.pointer[-1]), [])
        # Parts of another home are further away than that one: the port of a probe, for example.
        homes = [home for home in every if not any(home.startswith(f"{o}.") for o in every)]
        # With several homes, or the top level as the only one, a suggestion would be a guess.
        if len(homes) != 1 or not homes[0]:
            return self._of_other_kind(name, problem)
        says = f"is not a known field here; it belongs to {homes[0]}"
        fix = f"move it to {homes[0]}; check the indentation"
        return replace(problem, says=says, fix=fix, suggestion=homes[0])

    def _of_other_kind(self, name: str, problem: Problem) -> Problem:
        """An unknown field that the files of one other kind have in the same place."""
        home, field = ".".join(map(str, problem.pointer[:-1])), str(problem.pointer[-1])
        own = "ModelCluster" if name == EFFECTIVE else _kind_of(self._files[name])
        files = [
            file
            for kind, file in _FILES.items()
            if kind != own and kind in self._by_kind
            and home in self._homes(self._by_kind[kind]).get(field, ())
        ]  # fmt: skip
        if len(files) != 1 or not home:
            return problem
        says = f"is not a known field here; it belongs to {files[0]}"
        return replace(problem, says=says, fix=f"move it to {home} in {files[0]}")

    def _homes_in(self, name: str) -> dict[str, list[str]]:
        """By the name of each field, the mappings in which a document may have it."""
        homes: dict[str, list[str]] = {}
        for field, home in fields_by_name(flatten(self._files, name)):
            homes.setdefault(field, []).append(home)
        return homes

    def _is_valid(self, name: str, value: Json) -> bool:
        try:
            return self._fast(name).is_valid(value)
        except ValueError:  # not JSON: a lone surrogate, for example
            return False


def problem_finding(place: Place, problem: Problem) -> Finding:
    """The finding for a problem; it names fields and numbers as the file writes them."""
    named = Place(place.document, (*place.pointer, problem.missing)) if problem.missing else place
    at_key = problem.at_key or bool(problem.missing)
    says, fix = problem.says, problem.fix
    written = place.document.places.written.get(place.pointer)
    if written and problem.number:
        # As a whole number: 1.1 must not be replaced inside 21.15.
        read = re.compile(rf"(?<![\w.-]){re.escape(problem.number)}(?![\w.])")
        says = read.sub(written, says, count=1)
        fix = fix.replace(f'in quotes: "{problem.number}"', f'in quotes: "{written}"')
        if fix.startswith("write in quotes ") and written in re.findall(r"[\w.]+", fix):
            fix = f'write it in quotes: "{written}"'
    return place.finding(problem.rule, f"{named.field} {says}", fix, at_key=at_key)


def _kind_of(schema: Json) -> str:
    kind = value_at(schema, ("properties", "kind", "const"), "")
    return kind if isinstance(kind, str) else ""


def _has_whole_float(value: Json) -> bool:
    """Whether it has a float such as 90.0, which JSON Schema accepts as an integer."""
    return any(type(item) is float and item.is_integer() for item in _leaves(value))


def has_null(value: Json) -> bool:
    """Whether it has an empty value, which removes the field in a merge."""
    return None in _leaves(value)


def _leaves(value: Json) -> list[Any]:
    """What is neither mapping nor list; without recursion, because documents may be deep."""
    waiting, leaves = [value], []
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is dict:
            waiting += item.values()
        elif kind is list:
            waiting += item
        # No caller asks about text, which is most of a document.
        elif kind is not str:
            leaves.append(item)
    return leaves
