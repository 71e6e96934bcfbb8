"""Adds an entry to a mapping in a file that people write: every other byte stays.

The result is parsed again: it must have the new entry, and nothing else may have changed.
"""

import json
from collections.abc import Mapping

from lockstep.model.document import Document, Json, Pointer, value_at
from lockstep.model.errors import Invalid
from lockstep.spec.yaml.load import load_yaml

_STEP = "  "


def insert_entry(
    path: str, data: bytes, pointer: tuple[str, ...], key: str, entry: Mapping[str, str]
) -> bytes:
    """The file with ``key: entry`` as the first of the mapping at ``pointer``.

    Mappings on the way that are missing or empty are written, too. Raises Invalid where the file
    cannot be read, has such an entry already, or is written so that this is not safe: a flow
    mapping with entries, for example.
    """
    document, findings = load_yaml(path, data)
    if document is None or findings:
        text = findings[0].message if findings else "the file is empty"
        raise Invalid(f"it cannot be read: {text}", where=path, fix="fix the file, then try again")
    if value_at(document.value, (*pointer, key)) is not None:
        raise Invalid(f"it has an entry for {key} already", where=path, fix="remove that entry")
    depth = _written_depth(document, pointer)
    text = data.decode()
    result = _inserted(document, text, pointer, depth, [*_block(pointer[depth:], key, entry)])
    wanted = _merged(document.value, (*pointer, key), dict(entry))
    after = load_yaml(path, result.encode()) if result is not None else (None, [])
    if result is None or after[0] is None or after[1] or after[0].value != wanted:
        raise _refuse(path, pointer, key, entry)
    return result.encode()


def _written_depth(document: Document, pointer: Pointer) -> int:
    """How many keys of the pointer lead to mappings that have entries already."""
    depth = 0
    while depth < len(pointer) and value_at(document.value, pointer[: depth + 1]):
        depth += 1
    return depth


def _block(missing: Pointer, key: str, entry: Mapping[str, str]) -> list[tuple[int, str]]:
    """The new lines, each with its level below the mapping that is there."""
    levels = [(level, f"{name}:") for level, name in enumerate(missing)]
    first = len(missing)
    fields = [(first + 1, f"{name}: {_text(value)}") for name, value in entry.items()]
    return [*levels, (first, f"{key}:"), *fields]


def _text(value: str) -> str:
    # JSON's text in double quotes is YAML's, whatever characters it has.
    return json.dumps(value, ensure_ascii=False)


def _inserted(
    document: Document, text: str, pointer: Pointer, depth: int, block: list[tuple[int, str]]
) -> str | None:
    """The text with the lines in it; None where there is no safe place for them."""
    here = pointer[:depth]
    mapping = value_at(document.value, here)
    if not isinstance(mapping, dict) or not mapping or here in document.places.flow:
        return None
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    # The next key may be there without a value, or with an empty mapping: its line is replaced.
    if depth < len(pointer) and pointer[depth] in mapping:
        return _filled(document, lines, newline, pointer[: depth + 1], block)
    span = document.key_spans.get((*here, next(iter(mapping))))
    if span is None or lines[span.line - 1][: span.column - 1].strip(" "):
        return None
    indent = lines[span.line - 1][: span.column - 1]
    new = [f"{indent}{_STEP * level}{line}{newline}" for level, line in block]
    return "".join([*lines[: span.line - 1], *new, *lines[span.line - 1 :]])


def _filled(
    document: Document, lines: list[str], newline: str, pointer: Pointer,
    block: list[tuple[int, str]],
) -> str | None:  # fmt: skip
    """The text with the lines below a key that has no value, or ``{}``."""
    key = document.key_spans.get(pointer)
    value = document.spans.get(pointer)
    if key is None or value is None or value.end_line != key.line:
        return None
    line = lines[key.line - 1]
    indent = line[: key.column - 1]
    if indent.strip(" "):
        return None
    head = f"{line[: key.end_column - 1]}:"
    after = line[key.end_column - 1 :].strip().removeprefix(":").strip().removeprefix("{}").strip()
    if after and not after.startswith("#"):
        return None
    comment = f" {after}" if after else ""
    new = [f"{indent}{_STEP * level}{text}{newline}" for level, text in block[1:]]
    return "".join([*lines[: key.line - 1], f"{head}{comment}{newline}", *new, *lines[key.line :]])


def _merged(value: Json, pointer: Pointer, entry: Json) -> Json:
    if not pointer:
        return entry
    below = value if isinstance(value, dict) else {}
    return {**below, pointer[0]: _merged(below.get(pointer[0]), pointer[1:], entry)}


def _refuse(path: str, pointer: Pointer, key: str, entry: Mapping[str, str]) -> Invalid:
    fields = ", ".join(f"{name}: {_text(value)}" for name, value in entry.items())
    return Invalid(
        f"{'.'.join(map(str, pointer))} is written so that no entry can be added safely",
        where=path, fix=f"add to it: {key}: {{{fields}}}",
    )  # fmt: skip
