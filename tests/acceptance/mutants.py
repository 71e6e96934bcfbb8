"""Small mistakes in the files that people write: each field dropped, misspelt, emptied and more."""

import copy
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

DURATION = re.compile(r"\d+(ms|[smhdw])")
DAY = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
Pointer = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutant:
    """One file with one mistake at ``pointer``; ``mutation`` is ``way`` or ``way:variety``.

    ``near`` are the lines where a reader would look for it: those of the mapping or list that has
    or had the field, and the first lines of the mappings around it.
    """

    file: str
    kind: str
    pointer: Pointer
    mutation: str
    data: bytes
    near: frozenset[int]

    @property
    def way(self) -> str:
        return self.mutation.split(":")[0]

    @property
    def path(self) -> str:
        """The field without the numbers of list items: ``spec.variants.*.weight``."""
        return ".".join("*" if isinstance(part, int) else part for part in self.pointer)

    def __str__(self) -> str:
        return f"{self.file} {'.'.join(map(str, self.pointer))} {self.mutation}"


class _Dumper(yaml.CSafeDumper):
    """Block style with every text in quotes, so that YAML reads every text as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def written(value: Any) -> bytes:
    """The value as the YAML text that mutants are compared with."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=10**6)
    return str(text).encode()


def mutants_of(files: dict[str, bytes]) -> Iterator[Mutant]:
    """Every field of every file in each way that fits it.

    Each variety is tried once for each field of a kind. Where the same field is in several places,
    every place has each way in one variety, chosen by the place's name, so that added or removed
    fields do not change the choice.
    """
    seen: set[tuple[str, str, str]] = set()
    for file, data in sorted(files.items()):
        value = yaml.safe_load(data)
        for pointer in _pointers(value):
            ways: dict[str, list[Mutant]] = {}
            for mutation, changed in _mutations(value, pointer):
                mutant = _mutant(file, value, pointer, mutation, changed)
                ways.setdefault(mutant.way, []).append(mutant)
            for same in ways.values():
                new = [m for m in same if (m.kind, m.path, m.mutation) not in seen]
                seen |= {(m.kind, m.path, m.mutation) for m in new}
                yield from new or [same[zlib.crc32(f"{file}{pointer}".encode()) % len(same)]]


def _mutant(file: str, value: Any, pointer: Pointer, mutation: str, changed: Any) -> Mutant:
    data = written(changed)
    return Mutant(file, value["kind"], pointer, mutation, data, _lines(data, pointer))


def _lines(data: bytes, pointer: Pointer) -> frozenset[int]:
    """The lines of the mapping or list with the field, and the first lines of all around it."""
    node: Any = yaml.compose(data, Loader=yaml.CSafeLoader)
    lines = set() if len(pointer) > 1 else {1}
    for part in pointer[:-1]:
        if isinstance(part, int):
            start, node = node.value[part], node.value[part]
        else:
            start, node = next(pair for pair in node.value if pair[0].value == part)
        lines.add(start.start_mark.line + 1)
    return frozenset(lines | set(range(node.start_mark.line + 1, node.end_mark.line + 2)))


def _pointers(value: Any, above: Pointer = ()) -> Iterator[Pointer]:
    """Every field and list item below a value, parents first."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for part, inner in parts:
        yield (*above, part)
        if isinstance(inner, dict | list):
            yield from _pointers(inner, (*above, part))


def _mutations(value: Any, pointer: Pointer) -> Iterator[tuple[str, Any]]:
    """The names of the mutations that fit a field, each with the whole document after it."""
    *_, last = pointer
    old = _at(value, pointer)
    dropped = copy.deepcopy(value)
    del _at(dropped, pointer[:-1])[last]
    yield "dropped", dropped
    if isinstance(last, str):
        yield "misspelt", _misspelt(value, pointer)
    for name, new in (*_other_types(old), *_empties(old), *_out_of_bounds(old)):
        changed = copy.deepcopy(value)
        _at(changed, pointer[:-1])[last] = new
        yield name, changed


def _at(value: Any, pointer: Pointer) -> Any:
    for part in pointer:
        value = value[part]
    return value


def _misspelt(value: Any, pointer: Pointer) -> Any:
    changed = copy.deepcopy(value)
    parent = _at(changed, pointer[:-1])
    renamed = {(k + k[-1] if k == pointer[-1] else k): v for k, v in parent.items()}
    parent.clear()
    parent.update(renamed)
    return changed


def _other_types(old: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(old, str):
        yield "mistyped:number", 7
    elif isinstance(old, dict | list):
        yield "mistyped:text", "some text"
    else:
        yield "mistyped:text", str(old).lower()
        yield "mistyped:list", [old]


def _empties(old: Any) -> Iterator[tuple[str, Any]]:
    """Null, and the empty values of the field's own type and of another one."""
    yield "emptied:null", None
    own = type(old)() if isinstance(old, str | list | dict) else ""
    other: Any = {} if isinstance(old, list) else []
    for name, empty in (("own", own), ("other", other)):
        if old != empty:
            yield f"emptied:{name}", empty


def _out_of_bounds(old: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(old, bool):
        return
    if isinstance(old, int | float):
        yield from (("bounds:negative", -1), ("bounds:huge", 10**15))
    if isinstance(old, str):
        yield "bounds:long", old + "x" * 5000
        yield "bounds:control", old[:1] + "\x07" + old[1:]
        yield "bounds:unknown", "no-such-value"
        if DURATION.fullmatch(old):
            yield from (("bounds:no-time", "0s"), ("bounds:endless", "99999d"))
        if DAY.fullmatch(old):
            yield "bounds:past", "2001-01-01" + old[10:]
    if isinstance(old, list) and old:
        yield "bounds:repeated", [*old, copy.deepcopy(old[0])]
