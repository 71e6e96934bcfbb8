"""Decision records as files: JSON in one fixed form, so that a digest of the bytes is enough."""

import msgspec

from lockstep.model.canonical import canonical_json, digest_bytes
from lockstep.model.decision import API_VERSION, Decision, Record
from lockstep.model.document import Json
from lockstep.model.times import format_time, parse_time

_KIND = "Decision"
_METADATA = ("environment", "family", "sequence")


class _File(msgspec.Struct, rename="camel"):
    """The outer form of a record; what is in it is read as a Decision afterwards."""

    api_version: str
    kind: str
    metadata: dict[str, Json]
    spec: dict[str, Json]


def write_record(decision: Decision) -> bytes:
    """The file's bytes: sorted keys, two spaces, a final newline; NaN raises ValueError."""
    spec = {"id": decision.id, **msgspec.to_builtins(decision)}
    # Each field is in one place only, so that a record cannot contradict itself.
    metadata = {name: spec.pop(name) for name in _METADATA}
    return _formatted(
        {"apiVersion": API_VERSION, "kind": _KIND, "metadata": metadata, "spec": spec}
    )


def record_of(decision: Decision) -> Record:
    """The record that a decision becomes. Raises ValueError as write_record does."""
    data = write_record(decision)
    return Record(decision, data, digest_bytes(data), decision.id)


def read_record(data: bytes) -> Record:
    """The inverse of write_record. Raises ValueError for anything else, however it is wrong.

    Fields that this program does not know are no error: a later one wrote them. They are in the
    record's bytes and so in its digest. Bytes that say the same in another form are refused:
    Lockstep did not write them, so they were edited. Evidence that cannot be read is left
    out, and ``unreadable`` says why: a rollback does without it, and nothing else goes on from it.
    """
    try:
        body = msgspec.json.decode(data)
        file = msgspec.convert(body, _File)
        if (file.api_version, file.kind) != (API_VERSION, _KIND):
            raise ValueError(f"not a {_KIND} of {API_VERSION}")
        # Kept as written: rollout.chain compares it with the id that the content gives.
        stated = msgspec.convert(file.spec.get("id"), str)
        decision, unreadable = _decision(_flat(file))
        if _formatted(body) != data:
            raise ValueError("the file is not in the form in which Lockstep writes records")
    except msgspec.MsgspecError as error:
        raise ValueError(_plain(error)) from error
    except RecursionError as error:
        raise ValueError("its values are nested too deep") from error
    _refuse_nonsense(decision)
    return Record(decision, data, digest_bytes(data), stated, unreadable)


def body_of(record: Record) -> Json:
    """All that is in a record's file, with the fields that this program does not know."""
    return msgspec.json.decode(record.data)


def _decision(fields: dict[str, Json]) -> tuple[Decision, str]:
    """The decision, and why its evidence could not be read; empty where it could."""
    try:
        return msgspec.convert(fields, Decision), ""
    except msgspec.ValidationError as error:
        # Evidence alone may have a form that is not known: a rollback must not depend on it.
        without = {name: value for name, value in fields.items() if name != "evidence"}
        return msgspec.convert(without, Decision), _plain(error)


def _flat(file: _File) -> dict[str, Json]:
    """The fields of a Decision; metadata alone says whose it is, whatever else spec may hold."""
    named = {name: value for name, value in file.metadata.items() if name in _METADATA}
    return {name: value for name, value in file.spec.items() if name not in _METADATA} | named


def _formatted(body: Json) -> bytes:
    # canonical_json fixes how numbers and text are written; msgspec only adds the line breaks. What
    # this gives must never change, or old records could not be read any more.
    return msgspec.json.format(canonical_json(body), indent=2) + b"\n"


def _plain(error: msgspec.MsgspecError) -> str:
    """``Expected int, got str at sequence``: the codec's message without its path syntax."""
    what, _, place = str(error).replace("`", "").partition(" - at ")
    return f"{what} at {place.removeprefix('$.')}" if place else what


def _refuse_nonsense(decision: Decision) -> None:
    """Raise ValueError for values that fit their types and still have no meaning."""
    if any((at.wave is None) != (at.step is None) for at in (decision.source, decision.to)):
        raise ValueError("a position has a wave without a step, or a step without a wave")
    if format_time(parse_time(decision.decided_at)) != decision.decided_at:
        raise ValueError("decidedAt is not written like 2026-01-31T08:00:00Z")
