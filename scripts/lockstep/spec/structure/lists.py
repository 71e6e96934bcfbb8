"""The entries of lists and maps that structure checks compare, and the places not to compare."""

from collections.abc import Iterable

from lockstep.model.document import Document, Json, Pointer, to_json_pointer, value_at
from lockstep.model.finding import Finding

_LONGEST = 1_000
"""No schema allows more entries: a longer list has its finding already and is not compared."""


def entries(value: Json, pointer: Pointer) -> list[Json]:
    """The entries of the list at a pointer; none where it is not a list, or is far too long."""
    found = value_at(value, pointer)
    return found if isinstance(found, list) and len(found) <= _LONGEST else []


def keys_of(value: Json, pointer: Pointer) -> list[str]:
    """The keys of the mapping at a pointer; none where it is not a mapping, or is far too large."""
    found = value_at(value, pointer)
    return list(found) if isinstance(found, dict) and len(found) <= _LONGEST else []


class InvalidPlaces:
    """The places that a schema rejects: reported already, so comparing them would repeat it."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._pointers: dict[str, set[str]] = {}
        for finding in findings:
            # With all that it is in: whether a value is invalid is asked once for each cluster.
            known = self._pointers.setdefault(finding.file, set())
            pointer = finding.pointer
            while pointer and pointer not in known:
                known.add(pointer)
                pointer = pointer.rpartition("/")[0]
            known.add("")

    def within(self, document: Document, pointer: Pointer) -> bool:
        """Whether the value at a pointer is invalid, or something in it."""
        return to_json_pointer(pointer) in self._pointers.get(document.path, ())
