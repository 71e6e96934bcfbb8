"""Names that files must have, and entries of a list that must differ: for every kind of file."""

import re
from collections.abc import Iterator

from lockstep.model.document import Document, Pointer, value_at
from lockstep.model.finding import Finding
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import entries
from lockstep.text.phrases import brief

_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""What a name may be, as the schemas say: a fix proposes no other one."""


def check_name(document: Document, wanted: str, because: str) -> Iterator[Finding]:
    """Whether ``metadata.name`` is the name that the file's place wants; ``because`` says why."""
    name = value_at(document.value, ("metadata", "name"))
    # A name that is missing or not text is reported by the schema.
    if isinstance(name, str) and name != wanted:
        rename = "rename the file or folder"
        yield Place(document, ("metadata", "name")).finding(
            "structure.name",
            f"metadata.name is {brief(name)}, but {because}",
            f"write {wanted}, or {rename}"
            if _LABEL.fullmatch(wanted)
            else f"{rename}: lower-case letters, digits and hyphens, beginning with a letter",
        )


def check_repeated(
    document: Document, pointer: Pointer, field: str, what: str
) -> Iterator[Finding]:
    """Whether two entries of the list at ``pointer`` have the same text in ``field``."""
    seen: dict[str, Place] = {}
    for index, item in enumerate(entries(document.value, pointer)):
        value = value_at(item, (field,)) if isinstance(item, dict) else None
        if not isinstance(value, str):
            continue
        place = Place(document, (*pointer, index, field))
        first = seen.setdefault(value, place)
        if first is not place:
            yield place.finding(
                f"structure.duplicate-{what}",
                f"duplicate entry: the {what} {brief(value)} is already in this list",
                f"give each {what} a name of its own, or remove one of the two",
                others=[first.related_as("the first of the two")],
            )
