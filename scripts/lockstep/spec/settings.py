"""``lockstep.yaml``: a fleet's repository, the branch that Argo CD follows, the program."""

from dataclasses import dataclass

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import Invalid
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.model.forge import UNDECLARED, ForgeSettings
from lockstep.model.paths import SETTINGS
from lockstep.spec.place import Place
from lockstep.spec.schema.schemas import Schemas, problem_finding
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import bare_address, quoted

SCHEMA = "lockstep.json"
EXAMPLE = "branch: main, and repository: https://git.example.com/ml/fleet.git"


@dataclass(frozen=True, slots=True)
class Pin:
    """The program that a fleet is pinned to: its version, where it is from, the wheel's digest.

    ``digest`` is ``sha256:<hex>``, empty for a source in git.
    """

    version: str
    source: str = ""
    digest: str = ""

    def __str__(self) -> str:
        from_where = f" from {bare_address(self.source)}" if self.source else ""
        return f"Lockstep {self.version}{from_where}{f', {self.digest}' if self.digest else ''}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``lockstep.yaml`` says: the followed branch, the repository's address, pin and forge.

    Without ``pin`` any version of the program may be used.
    """

    branch: str
    repository: str
    pin: Pin | None = None
    forge: ForgeSettings = UNDECLARED


def read_settings(data: bytes, where: str = SETTINGS) -> Settings:
    """The settings in a file's bytes; ``where`` names it in messages.

    Only what is needed is looked at: a field of a later program must not stop a rollback. Raises
    Invalid where it cannot be read.
    """
    document, findings = load_yaml(SETTINGS, data)
    value = document.value if document else None
    found = {name: value_at(value, (name,)) for name in ("branch", "repository")}
    for name, each in found.items():
        if not isinstance(each, str) or not each.strip():
            why = findings[0].message if findings else f"it names no {name}"
            raise Invalid(why, where=where, fix=f"write in {SETTINGS}: {EXAMPLE}")
    forge = (value_at(value, ("forge", name)) for name in ("kind", "api"))
    return Settings(
        found["branch"], found["repository"], _pin(value),
        ForgeSettings(*(each if isinstance(each, str) else "" for each in forge)),
    )  # fmt: skip


def pin_of(tree: Tree) -> Pin | None:
    """The pin of a tree's ``lockstep.yaml``; None where there is none, or it cannot be read."""
    document = load_yaml(SETTINGS, tree[SETTINGS])[0] if SETTINGS in tree else None
    return _pin(document.value) if document else None


def with_pin(data: bytes, pin: Pin) -> bytes:
    """The bytes of ``lockstep.yaml`` with another pin; all other lines stay.

    Raises Invalid where the file is written so that this cannot be done safely.
    """
    lines = data.decode(errors="replace").splitlines(keepends=True)
    start = next((n for n, line in enumerate(lines) if line.startswith("program:")), len(lines))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    if start == len(lines) and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    digest = [f"  hash: {pin.digest}\n"] if pin.digest else []
    block = ["program:\n", f'  version: "{pin.version}"\n', f"  source: {pin.source}\n", *digest]
    edited = "".join([*lines[:start], *block, *lines[end:]]).encode()
    before, after = (load_yaml(SETTINGS, each)[0] for each in (data, edited))
    if not after or not before or _others(after.value) != _others(before.value):
        raise Invalid(
            "the pin cannot be edited safely", where=SETTINGS,
            fix="write program: with version, source and hash on lines of their own",
        )  # fmt: skip
    return edited


def _others(value: Json) -> Json:
    fields = value.items() if isinstance(value, dict) else ()
    return {name: each for name, each in fields if name != "program"}


def _pin(value: Json) -> Pin | None:
    """Whatever else is wrong with the file: its schema is checked elsewhere."""
    fields = [value_at(value, ("program", name), "") for name in ("version", "source", "hash")]
    version, source, digest = (str(each) for each in fields)
    return Pin(version, source, digest) if version else None


def check_settings(data: bytes, fleet: Fleet, schemas: Schemas) -> list[Finding]:
    """What is wrong with ``lockstep.yaml``, and where environments name another branch."""
    document, findings = load_yaml(SETTINGS, data)
    if document is None:
        return findings
    problems = schemas.problems(SCHEMA, document.value)
    found = [*findings, *(problem_finding(Place(document, p.pointer), p) for p in problems)]
    return found or _other_branches(document, fleet)


def _other_branches(document: Document, fleet: Fleet) -> list[Finding]:
    branch = document.value["branch"]
    found = []
    for environment in fleet.environments.values():
        pointer = ("spec", "argocd", "revision")
        revision = value_at(environment.document.value, pointer)
        if isinstance(revision, str) and revision not in (branch, f"refs/heads/{branch}"):
            text = (
                f"Argo CD follows {quoted(revision)}, and {SETTINGS} says that it follows {branch}"
            )
            fix = f"write revision: {branch}; decisions are made on that branch and no other"
            place = Place(environment.document, pointer)
            found.append(place.finding("settings.branch", text, fix))
    return found
