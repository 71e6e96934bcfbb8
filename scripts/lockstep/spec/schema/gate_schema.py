"""Compares ``gate.json`` with the gate sources in ``gates/``."""

from collections.abc import Mapping

from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError

GATE = "gate.json"
GATES = "gates/"
"""Each file in it describes the fields of the gate source that it is named for."""


def check_sources(files: Mapping[str, Json]) -> None:
    """Raise LockstepError where ``gate.json`` and the files of ``gates/`` name other sources.

    ``gate.json`` names them itself, so that an editor that reads it knows the fields of each.
    ``files`` are schemas by their path below ``policies/schemas/``; without ``gate.json`` there
    is nothing to say.
    """
    gate = files.get(GATE)
    if gate is None:
        return
    chosen = dict(map(_choice, value_at(gate, ("allOf",), [])))
    listed = [str(name) for name in value_at(gate, ("properties", "source", "enum"), [])]
    there = [name[len(GATES) : -len(".json")] for name in files if name.startswith(GATES)]
    for source in sorted({*chosen, *listed, *there} - {""}):
        name = f"{GATES}{source}.json"
        if source not in there:
            raise _unregistered(f"it names the source {source!r}, and there is no {name}")
        if source not in listed:
            raise _unregistered(f"the enum of source lacks {source!r}, which {name} describes")
        if chosen.get(source) != name:
            raise _unregistered(f"allOf has no entry that leads from {source!r} to {name}")
        if value_at(files[name], ("properties", "source", "const")) != source:
            raise _unregistered(f"{name} has no field source that is {source!r} alone")


def _choice(rule: Json) -> tuple[str, Json]:
    """The source that an entry of allOf asks for, and the schema that it leads to."""
    source = value_at(rule, ("if", "properties", "source", "const"), "")
    return str(source), value_at(rule, ("then", "$ref"))


def _unregistered(says: str) -> LockstepError:
    fix = "give each source a file in gates/, a name in the enum, and an if and then in allOf"
    return LockstepError(says, where=f"policies/schemas/{GATE}", fix=fix)
