"""What is held against each other: the entries of lists and maps, where no schema refuses them."""

from collections.abc import Iterable

from lockstep.model.document import Document, Json, Pointer, to_json_pointer, value_at
from lockstep.model.finding import Finding

_LONGEST = 1_000
"""No schema allows more entries: a longer list has its finding, and is not looked into."""

COMPARED = 30
"""Unknown names of one file for which the right one is looked for: that takes its time."""


def entries(value: Json, pointer: Pointer) -> list[Json]:
    """The entries of the list at a pointer; none where there is no list, or a far too long one."""
    found = value_at(value, pointer)
    return found if isinstance(found, list) and len(found) <= _LONGEST else []


def keys_of(value: Json, pointer: Pointer) -> list[str]:
    """The keys of the mapping at a pointer; none where there is none, or a far too large one."""
    found = value_at(value, pointer)
    return list(found) if isinstance(found, dict) and len(found) <= _LONGEST else []


class InvalidPlaces:
    """The places that a schema finds fault with: what stands there is told, and not compared."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._pointers: dict[str, list[str]] = {}
        for finding in findings:
            self._pointers.setdefault(finding.file, []).append(finding.pointer + "/")

    def within(self, document: Document, pointer: Pointer) -> bool:
        """Whether the value at a pointer is invalid, or something in it."""
        above = to_json_pointer(pointer) + "/"
        return any(told.startswith(above) for told in self._pointers.get(document.path, ()))
