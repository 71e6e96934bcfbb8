"""Machine edits of the variants in a file that people write: every other byte stays.

A version or a weight changes in place; a list item is inserted or removed with its line. The
result is parsed again: it must have the wanted variants, and nothing else may have changed.
"""

import re
from dataclasses import dataclass

from lockstep.model.decision import Variants
from lockstep.model.document import Document, Json, Pointer, Span, value_at
from lockstep.model.errors import Invalid
from lockstep.spec.variants import ROLES
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import quoted

VARIANTS: Pointer = ("spec", "variants")

# No character that YAML, a git ref or a path could read as something else.
_SAFE_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ANCHOR = re.compile(r"&\S+ +")
_IN_PLACE = ("version", "weight")
_HOW_TO_REWRITE = (
    "write variants in the cluster's own file, one item a line:\n"
    "    variants:\n"
    '      - {name: stable, version: "1", weight: 100}'
)


def edit_variants(document: Document, data: bytes, wanted: Variants) -> bytes:
    """The file's bytes with ``spec.variants`` as wanted (compared by name, in any order).

    ``data`` is what ``document`` was parsed from. Raises Invalid where the file is written so
    that this cannot be done safely: a flow list, inherited variants, shared anchors.
    """
    current = value_at(document.value, VARIANTS)
    if not isinstance(current, list):
        raise _refuse(document, "its variants are inherited from the family's defaults")
    # Items are inserted and removed by line, and those of a flow list may share one.
    if VARIANTS in document.places.flow:
        raise _refuse(document, "its variants are a flow list ([...])")
    # What an alias repeats has no place of its own in the file.
    if not all((*VARIANTS, index, key) in document.spans for index, variant in enumerate(current)
               for key in variant):  # fmt: skip
        raise _refuse(document, "an alias (*) repeats variants")
    by_name = {variant["name"]: variant for variant in wanted}
    # splitlines knows more line breaks than YAML; a file with those cannot be loaded.
    edit = _Edit(document, data.decode().splitlines(keepends=True))
    gone = []
    for index, variant in enumerate(current):
        goal = by_name.get(variant["name"])
        if goal is not None and _differs_in_place_only(variant, goal):
            edit.set_scalars(index, variant, goal)
            del by_name[variant["name"]]
        else:
            gone.append(index)
    # What is left in by_name is new, or changes in more than a version or a weight.
    edit.insert_after(len(current) - 1, list(by_name.values()))
    for index in gone:
        edit.remove(index)
    result = edit.result()
    _verify(document, result, wanted)
    return result


def _differs_in_place_only(old: Json, new: Json) -> bool:
    rest = [{k: v for k, v in item.items() if k not in _IN_PLACE} for item in (old, new)]
    return rest[0] == rest[1] and old.keys() == new.keys()


@dataclass
class _Edit:
    """Changes are noted by line and applied at the end, so that spans stay true."""

    document: Document
    lines: list[str]

    def __post_init__(self) -> None:
        self.removed: set[int] = set()
        self.added: dict[int, list[str]] = {}

    def set_scalars(self, index: int, old: Json, new: Json) -> None:
        spans = [
            (self.document.spans[(*VARIANTS, index, key)], new[key])
            for key in _IN_PLACE
            if old[key] != new[key]
        ]
        for span, value in sorted(spans, reverse=True):  # from the right, so columns stay true
            if span.line != span.end_line:
                raise _refuse(self.document, "a version or weight spans several lines")
            line = self.lines[span.line - 1]
            before, old_text = line[: span.column - 1], line[span.column - 1 : span.end_column - 1]
            # An anchor that nothing uses stays; where an alias uses it, _verify refuses the edit.
            if anchor := _ANCHOR.match(old_text):
                before, old_text = before + anchor[0], old_text[anchor.end() :]
            text = _scalar(self.document, value, quote=old_text[:1])
            self.lines[span.line - 1] = before + text + line[span.end_column - 1 :]

    def insert_after(self, index: int, variants: Variants) -> None:
        indent = self._dash_column(index) * " "
        items = (_item(self.document, variant) for variant in variants)
        self.added[self._last_line(index)] = [f"{indent}- {item}" for item in items]

    def remove(self, index: int) -> None:
        first = self.document.spans[(*VARIANTS, index)].line
        self._dash_column(index)
        self.removed.update(range(first, self._last_line(index) + 1))

    def result(self) -> bytes:
        # A check-out with CRLF keeps its line endings.
        newline = "\r\n" if self.lines[0].endswith("\r\n") else "\n"
        # Without a final line break before, without one after: no other byte may change.
        ends_open = not self.lines[-1].endswith("\n")
        out: list[str] = []
        for number, line in enumerate(self.lines, start=1):
            if number not in self.removed:
                out.append(line.rstrip("\r\n") if number == len(self.lines) and ends_open else line)
            # Also after a line that goes: new items follow the last old one, which may be removed.
            out += [text + newline for text in self.added.get(number, [])]
        text = "".join(line if line.endswith("\n") else line + newline for line in out)
        return (text.removesuffix(newline) if ends_open else text).encode()

    def _dash_column(self, index: int) -> int:
        span = self.document.spans[(*VARIANTS, index)]
        before = self.lines[span.line - 1][: span.column - 1].rstrip(" ")
        # Anything else on the line, such as a second dash, would go with the item.
        if before.strip(" ") != "-":
            raise _refuse(self.document, "an item of variants does not follow a plain dash")
        return len(before) - 1

    def _last_line(self, index: int) -> int:
        """The last line with a value of the item; only comments and white space follow."""
        item = (*VARIANTS, index)
        return max(
            _end_line(span)
            for pointer, span in self.document.spans.items()
            if pointer[: len(item)] == item and self._is_exact(pointer)
        )

    def _is_exact(self, pointer: Pointer) -> bool:
        """A block mapping's span runs on to the next value; a scalar's and a flow's do not."""
        value = value_at(self.document.value, pointer)
        return pointer in self.document.places.flow or not isinstance(value, dict | list)


def _end_line(span: Span) -> int:
    # libyaml ends a block at the start of the line after it.
    return (
        span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else span.end_line
    )


def _item(document: Document, variant: Json) -> str:
    fields = ", ".join(f"{key}: {_scalar(document, value)}" for key, value in variant.items())
    return "{" + fields + "}"


def _scalar(document: Document, value: Json, quote: str = "") -> str:
    # Before int: True is an int in Python.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not _SAFE_VERSION.fullmatch(value):
        raise _refuse(document, f"{quoted(value, 80)} cannot be written into it safely")
    if value in ROLES:  # plain, as people write them; a version such as 1.10 needs its quotes
        return str(value)
    return f"'{value}'" if quote == "'" else f'"{value}"'


def _verify(document: Document, result: bytes, wanted: Variants) -> None:
    after, findings = load_yaml(document.path, result)
    if after is None or findings:
        raise _refuse(
            document, "the edited file would not be valid YAML, perhaps because of an anchor"
        )
    if _by_name(value_at(after.value, VARIANTS)) != _by_name(wanted):
        raise _refuse(document, "the edited file would not have the wanted variants")
    # An alias elsewhere in the file may repeat a variant, and would change with it.
    if _without_variants(after.value) != _without_variants(document.value):
        raise _refuse(document, "an edit would change more than its variants")


def _without_variants(value: Json) -> Json:
    return {**value, "spec": {k: v for k, v in value["spec"].items() if k != "variants"}}


def _by_name(variants: Json) -> Json:
    return sorted(variants, key=lambda variant: str(variant["name"]))


def _refuse(document: Document, reason: str) -> Invalid:
    where = document.locate(VARIANTS)
    return Invalid(
        f"the variants of this file cannot be edited safely: {reason}",
        where=f"{where.file}:{where.line}",
        fix=_HOW_TO_REWRITE,
    )
