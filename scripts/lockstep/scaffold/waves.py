"""Adds a wave to a family's file, and changes nothing else in it."""

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import UsageError
from lockstep.spec.yaml.load import load_yaml

WAVES = ("spec", "rollout", "waves")


def with_wave(document: Document, data: bytes, region: str) -> bytes:
    """The file's bytes with a wave of its own for ``region`` after the others.

    As they are where a wave has the region. Raises UsageError where the file is written so that
    this cannot be done safely: people add it then.
    """
    waves: Json = value_at(document.value, WAVES)
    if not isinstance(waves, list) or any(region in wave for wave in waves):
        return data
    edited = _edited(document, data.decode(), region, len(waves) - 1)
    after, findings = load_yaml(document.path, edited.encode())
    # By the whole document: an alias elsewhere may repeat the list.
    if after is None or findings or after.value != _expected(document.value, [*waves, [region]]):
        where = document.locate(WAVES)
        raise UsageError(
            f"no wave has the region {region}, and this list cannot be edited safely",
            where=f"{where.file}:{where.line}",
            fix=f"add [{region}] to spec.rollout.waves, then run it again",
        )
    return edited.encode()


def _expected(value: Json, waves: Json) -> Json:
    spec = value["spec"]
    return {**value, "spec": {**spec, "rollout": {**spec["rollout"], "waves": waves}}}


def _edited(document: Document, text: str, region: str, last: int) -> str:
    lines = text.splitlines(keepends=True)
    span = document.spans[(*WAVES, last)]
    if WAVES in document.places.flow:
        line = lines[span.end_line - 1]
        at = span.end_column - 1
        lines[span.end_line - 1] = f"{line[:at]}, [{region}]{line[at:]}"
        return "".join(lines)
    # A block ends where the next value begins, on a later line; a flow list ends where it does.
    end = span.end_line if (*WAVES, last) in document.places.flow else span.end_line - 1
    first = lines[document.spans[(*WAVES, 0)].line - 1]
    dash = first[: first.index("-")] if "-" in first else ""
    lines.insert(end, f"{dash}- [{region}]\n")
    return "".join(lines)
