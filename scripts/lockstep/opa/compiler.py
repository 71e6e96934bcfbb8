"""OPA's compiler over policy files: strict, with schemas, and without impure builtins.

Rules may use no builtin whose answer depends on more than its input: network, clock, chance,
environment. OPA itself knows which ones these are; a server cannot leave them out, but
``opa check --capabilities`` can.

Schemas, tried on OPA 1.22: ``schema.cluster`` of an annotation is the file ``cluster.json``. OPA
reads ``properties`` (always closed), one ``type`` (the first one of a list), ``items``, ``anyOf``
and ``allOf`` of objects, and ``$ref`` to ``#/...``; it ignores the rest. It would fetch a remote
reference and open a file, so only local ones are accepted here. Without schemas it ignores
annotations.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import process, scratch
from lockstep.edges.cache import Cache
from lockstep.edges.content_key import content_key
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.binary import opa_version, require_version
from lockstep.opa.data import data_document
from lockstep.opa.files import ARGUMENTS, TEST_ARGUMENTS, as_in_repository, write_policy_files
from lockstep.text.sanitise import cut, quoted

InputSchemas = Mapping[str, Json]
"""JSON schemas by the name that rules use: ``cluster`` is ``schema.cluster``."""

_TIMEOUT = 60.0
_COMPILES = "compiles"
_VERIFY = "crypto.x509.parse_and_verify_certificates"
_READS_CLOCK = frozenset({_VERIFY, f"{_VERIFY}_with_options"})
"""They compare a certificate's end with the clock, which OPA's own list does not say."""
_AT_PLACE = re.compile(r"^(policies/\S+:\d+): rego_\w+: (.*)$", re.MULTILINE)
_UNDEFINED = re.compile(r"undefined function (\S+)")
_SCHEMA_NAME = re.compile(r"[a-z][a-z0-9_-]*(?:/[a-z][a-z0-9_-]*)*")
_REFERRING = frozenset({"$ref", "$id", "id"})
_SCHEMAS = "policies/schemas"


@dataclass(frozen=True, slots=True)
class CompileError:
    """One thing that is wrong with a policy, at ``file:line``."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def require_compiled(
    files: Mapping[str, bytes],
    opa: Path,
    schemas: InputSchemas | None = None,
    cache: Cache | None = None,
) -> None:
    """Compile the files that OPA loads (see policy_files), once for each content.

    Raises LockstepError with the first error, its place, and the others below it, or where the
    program is too old.
    """
    version = opa_version(opa)
    require_version(opa, version)
    cache = cache or Cache.of_user()
    given = json.dumps(schemas or {}, sort_keys=True).encode()
    # The version counts, because another compiler may refuse what this one accepts.
    key = content_key([files, {"schemas": given}], ["opa check", version])
    if cache.get(key) == _COMPILES:
        return
    with scratch.folder() as folder:
        write_policy_files(files, folder)
        _refuse(Compiler(opa, folder, schemas).errors())
    cache.put(key, _COMPILES)  # only success: an error is explained anew each time


def _refuse(errors: Sequence[CompileError]) -> None:
    if errors:
        first, *others = errors
        raise LockstepError(
            "\n  also ".join((first.message, *map(str, others))), where=first.where,
            fix="fix the policy there; lockstep policy test compiles and tests all of them",
        )  # fmt: skip


class Compiler:
    """``opa`` over a folder that holds policy files as write_policy_files leaves them."""

    def __init__(self, opa: Path, folder: Path, schemas: InputSchemas | None = None) -> None:
        """Write what the compiler needs into the folder, too. Raises LockstepError for a schema
        that refers to something outside itself."""
        self._opa = opa
        self._folder = folder
        loaded = (*ARGUMENTS, *TEST_ARGUMENTS)
        # Tests are written to the folder only where the policies are tested.
        self._loaded = [path for path in loaded if (folder / path).exists()]
        pure, self._impure = _capabilities(opa)
        capabilities = folder / "capabilities.json"
        capabilities.write_text(json.dumps(pure))
        self._flags = [f"--capabilities={capabilities}"]
        self._schemas: list[str] = []
        if schemas:
            write_schemas(schemas, folder / "schemas")
            self._schemas = [f"--schema={folder / 'schemas'}"]

    def call(self, *words: str, timeout: float = _TIMEOUT) -> process.Completed:
        """Run ``opa <words>`` with pure builtins on the policies, with tests where written."""
        argv = [str(self._opa), *words, *self._flags, *self._loaded]
        return process.run(argv, cwd=self._folder, env={}, timeout=timeout)

    def errors(self) -> tuple[CompileError, ...]:
        """All that OPA finds wrong in the files, strictly; empty where they compile.

        Raises LockstepError when the data of the policies cannot be merged.
        """
        syntax = self._syntax_errors()
        if syntax:
            return syntax
        data_document(self._opa, self._folder)
        done = self.call("check", "--strict", "--format=json", *self._schemas)
        return tuple(self._read(done)) if done.returncode else ()

    def _read(self, done: process.Completed) -> Iterator[CompileError]:
        said = done.output_text
        try:
            errors = json.loads(said)["errors"]
            for error in errors:
                yield CompileError(_place(error.get("location")), self._explained(error["message"]))
        # Another form than documented: it is shown as it is, and never taken for no errors.
        except (ValueError, KeyError, TypeError, AttributeError):
            yield CompileError(
                "policies/", cut(as_in_repository(said), 1000) or "opa gave no reason"
            )

    def _explained(self, message: str) -> str:
        """The compiler's message; for a builtin that was taken away, why it must not be used."""
        function = _UNDEFINED.fullmatch(message)
        if function and function[1] in self._impure:
            return (
                f"a policy must not use {function[1]}: its result would depend on more than its "
                "input; take what the rule needs from its input"
            )
        return message

    def _syntax_errors(self) -> tuple[CompileError, ...]:
        """What cannot be parsed, and annotations that hold a schema.

        The compiler would open any file that such a schema refers to, so this comes first.
        """
        argv = [str(self._opa), "inspect", "--annotations", "--format=json", "policies"]
        done = process.run(argv, cwd=self._folder, env={}, timeout=_TIMEOUT)
        if done.returncode:
            said = as_in_repository(done.error_text)
            named = tuple(CompileError(m[1], m[2]) for m in _AT_PLACE.finditer(said))
            return named or (CompileError("policies/", cut(said, 1000) or "opa gave no reason"),)
        notes = json_output(done, "opa inspect").get("annotations") or []
        return tuple(
            CompileError(
                _place(note["location"]), "an annotation must not contain a schema; name one"
            )
            for note in notes
            if any("definition" in s for s in note["annotations"].get("schemas") or [])
        )


def _capabilities(opa: Path) -> tuple[Json, frozenset[str]]:
    """What this OPA can do without network, chance and clock, and the builtins taken away."""
    done = process.run([str(opa), "capabilities", "--current"], env={}, timeout=_TIMEOUT)
    all_of_it = json_output(done, "opa capabilities")
    listed = (b["name"] for b in all_of_it["builtins"] if b.get("nondeterministic"))
    impure = _READS_CLOCK.union(listed)
    pure = [builtin for builtin in all_of_it["builtins"] if builtin["name"] not in impure]
    # allow_net also covers a remote reference in a schema, which the compiler would fetch.
    return {**all_of_it, "builtins": pure, "allow_net": []}, impure


def _place(location: Json) -> str:
    if not isinstance(location, dict) or not location.get("file"):
        return "policies/"
    return as_in_repository(f"{location['file']}:{location['row']}")


def json_output(done: process.Completed, what: str) -> Json:
    """The JSON that a program wrote to stdout. Raises LockstepError when it wrote none."""
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        said = cut(as_in_repository(done.output_text), 1000) or "nothing"
        fix = "run lockstep tools opa: it builds the opa that Lockstep is tested with"
        raise LockstepError(f"{what} gave no report: {said}", fix=fix) from error


def write_schemas(schemas: InputSchemas, into: Path) -> None:
    """Write each schema to a file below a folder, where ``opa check`` looks for it.

    Raises LockstepError for a name that no rule can write, or a reference to anything outside the
    schema itself: OPA would open a file, or fetch a URL, that a rule's author names.
    """
    # A name becomes a path below the folder, so it must match before it is joined.
    for name, schema in schemas.items():
        if not _SCHEMA_NAME.fullmatch(name):
            raise LockstepError(
                f"no rule can name a schema {quoted(name, 80)}", where=_SCHEMAS,
                fix="name the file with lower-case letters, digits, - and _",
            )  # fmt: skip
        for reference in _references(schema):
            if not reference.startswith("#/"):
                raise LockstepError(
                    f"schema {name} refers to {quoted(reference, 80)}", where=_SCHEMAS,
                    fix="keep all that a schema for rules needs in it: refer to #/$defs/...",
                )  # fmt: skip
        target = into / f"{name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(schema))


def _references(schema: Json) -> Iterator[str]:
    """Every reference in a schema, and every id: OPA resolves references against these."""
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)
    if isinstance(schema, dict):
        yield from (s for k, s in schema.items() if k in _REFERRING and isinstance(s, str))
        for part in schema.values():
            yield from _references(part)
