"""OPA's compiler over policy files: strict, with schemas, and without impure builtins.

Rules may use no builtin whose answer depends on more than its input: network, clock, chance,
environment. OPA itself knows which ones these are; a server cannot be told to leave them out, but
``opa check --capabilities`` can.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import process
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.data import data_document
from lockstep.opa.files import ARGUMENTS, TEST_ARGUMENTS, as_in_repository
from lockstep.opa.schemas import Schemas, write_schemas

_PATIENCE = 60.0
_VERIFY = "crypto.x509.parse_and_verify_certificates"
_CLOCKED = frozenset({_VERIFY, f"{_VERIFY}_with_options"})
"""They ask the clock whether a certificate has expired, and OPA does not say so of them."""
_AT_PLACE = re.compile(r"^(policies/\S+:\d+): rego_\w+: (.*)$", re.MULTILINE)
_UNDEFINED = re.compile(r"undefined function (\S+)")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a policy, at ``file:line``."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Compiler:
    """``opa`` over a folder that holds policy files as write_policy_files leaves them."""

    def __init__(self, opa: Path, folder: Path, schemas: Schemas | None = None) -> None:
        """Write what the compiler needs beside the policies. Raises LockstepError for a schema
        that would have OPA look elsewhere."""
        self._opa = opa
        self._folder = folder
        loaded = (*ARGUMENTS, *TEST_ARGUMENTS)
        self._loaded = [path for path in loaded if (folder / path).exists()]
        pure, self._impure = _capabilities(opa)
        capabilities = folder / "capabilities.json"
        capabilities.write_text(json.dumps(pure))
        self._flags = [f"--capabilities={capabilities}"]
        self._schemas: list[str] = []
        if schemas:
            write_schemas(schemas, folder / "schemas")
            self._schemas = [f"--schema={folder / 'schemas'}"]

    def call(self, *words: str, patience: float = _PATIENCE) -> process.Completed:
        """Run ``opa <words>`` with pure builtins on the policies, tests included where written."""
        argv = [str(self._opa), *words, *self._flags, *self._loaded]
        return process.run(argv, cwd=self._folder, env={}, timeout=patience)

    def complaints(self) -> tuple[Complaint, ...]:
        """All that OPA has to say against the files, strictly; empty where they are sound.

        Raises LockstepError when the data of the policies cannot be put together.
        """
        unparsed = self._unparsed()
        if unparsed:
            return unparsed
        data_document(self._opa, self._folder)
        done = self.call("check", "--strict", "--format=json", *self._schemas)
        return tuple(self._read(done)) if done.returncode else ()

    def _read(self, done: process.Completed) -> Iterator[Complaint]:
        said = done.error_text or done.stdout.decode(errors="replace").strip()
        try:
            errors = json.loads(said)["errors"]
            for error in errors:
                yield Complaint(_place(error.get("location")), self._explained(error["message"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            yield Complaint("policies/", as_in_repository(said)[:1000] or "opa gave no reason")

    def _explained(self, message: str) -> str:
        function = _UNDEFINED.fullmatch(message)
        if function and function[1] in self._impure:
            return (
                f"a policy must not use {function[1]}: its verdict would depend on more than its "
                "input; take what the rule needs from its input"
            )
        return message

    def _unparsed(self) -> tuple[Complaint, ...]:
        """What cannot be parsed, and annotations that hold a schema.

        The compiler would open any file that such a schema refers to, so this comes first.
        """
        argv = [str(self._opa), "inspect", "--annotations", "--format=json", "policies"]
        done = process.run(argv, cwd=self._folder, env={}, timeout=_PATIENCE)
        if done.returncode:
            said = as_in_repository(done.error_text)
            named = tuple(Complaint(m[1], m[2]) for m in _AT_PLACE.finditer(said))
            return named or (Complaint("policies/", said[:1000] or "opa gave no reason"),)
        notes = read_report(done, "opa inspect").get("annotations") or []
        return tuple(
            Complaint(
                _place(note["location"]), "a schema must not stand in an annotation; name one"
            )
            for note in notes
            if any("definition" in s for s in note["annotations"].get("schemas") or [])
        )


def _capabilities(opa: Path) -> tuple[Json, frozenset[str]]:
    """What this OPA can do without network, chance and clock, and the builtins taken away."""
    told = process.run([str(opa), "capabilities", "--current"], env={}, timeout=_PATIENCE)
    can = read_report(told, "opa capabilities")
    told_of = frozenset(b["name"] for b in can["builtins"] if b.get("nondeterministic"))
    impure = told_of | _CLOCKED
    pure = [builtin for builtin in can["builtins"] if builtin["name"] not in impure]
    return {**can, "builtins": pure, "allow_net": []}, impure


def _place(location: Json) -> str:
    if not isinstance(location, dict) or not location.get("file"):
        return "policies/"
    return as_in_repository(f"{location['file']}:{location['row']}")


def read_report(done: process.Completed, what: str) -> Json:
    """The JSON that a program wrote to stdout. Raises LockstepError when it wrote none."""
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        said = done.error_text or done.stdout.decode(errors="replace").strip()
        said = as_in_repository(said)[:1000] or "nothing"
        raise LockstepError(f"{what} gave no report: {said}") from error
