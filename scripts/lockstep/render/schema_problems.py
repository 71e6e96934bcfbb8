"""What the schema of a kind says of a manifest, in words that help to find who wrote it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import jsonschema_rs

from lockstep.model.document import Json, Pointer, to_json_pointer, value_at
from lockstep.text.phrases import closest

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""

_SHAPES = (jsonschema_rs.ValidationErrorKind.Type, jsonschema_rs.ValidationErrorKind.Required)


class Problem(NamedTuple):
    """A mistake in a manifest, at ``pointer``: the words of a schema about the value ``at``.

    ``at_key`` tells that the key at ``pointer`` is the mistake, ``of_shape`` that no other value
    of this type could mend it: it is of a wrong type, or has too few fields.
    """

    pointer: Pointer
    text: str
    at: Pointer = ()
    value: str = ""
    at_key: bool = False
    of_shape: bool = False

    @property
    def message(self) -> str:
        """The mistake in words that name the place, where there is one."""
        return self.says()

    def says(self, *, everywhere: bool = False, masked: bool = False) -> str:
        """The message; ``everywhere`` for any item of a list, ``masked`` without the value."""
        at = tuple("*" if everywhere and isinstance(part, int) else part for part in self.at)
        text = self.text
        if masked and self.value and text.startswith(self.value):
            text = f"this value{text.removeprefix(self.value)}"
        return f"{to_json_pointer(at)}: {text[:300]}" if at else text[:300]


def problems_of(errors: Sequence[jsonschema_rs.ValidationError]) -> Iterator[Problem]:
    """A field that is missing because it stands there misspelt is found once, at that one."""
    missing: dict[Pointer, list[str]] = {}
    unknown: dict[Pointer, list[str]] = {}
    for error in errors:
        here = tuple(error.instance_path)
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
            missing.setdefault(here, []).append(error.kind.property)
        unknown.setdefault(here, []).extend(getattr(error.kind, "unexpected", ()))
    meant = {
        (here, name): right
        for here, names in unknown.items()
        for name in names
        if (right := closest(name, missing.get(here, ())))
    }
    found = {(here, right) for (here, _), right in meant.items()}
    for error in errors:
        here = tuple(error.instance_path)
        if (here, getattr(error.kind, "property", None)) not in found:
            yield _problem(error, meant)


def _problem(
    error: jsonschema_rs.ValidationError, meant: Mapping[tuple[Pointer, str], str]
) -> Problem:
    """An unknown field is found at the field rather than at the mapping around it."""
    here: Pointer = tuple(error.instance_path)
    unknown = getattr(error.kind, "unexpected", None)
    right = meant.get((here, unknown[0])) if unknown else None
    return Problem(
        (*here, unknown[0]) if unknown else here,
        f"{error.message}; did you mean {right!r}?" if right else error.message,
        here,
        json.dumps(error.instance, ensure_ascii=False, separators=(",", ":")),
        at_key=bool(unknown),
        of_shape=isinstance(error.kind, _SHAPES),
    )


def problems_of_name(manifest: Json) -> Iterator[Problem]:
    """Kubernetes' schemas neither ask for a name nor say what one is; its server does."""
    here: Pointer = ("metadata", "name")
    name = value_at(manifest, here)
    if name is None:
        yield Problem(here, "an object without a name", here)
    elif not isinstance(name, str) or not _NAME.fullmatch(name):
        value = json.dumps(name, ensure_ascii=False)
        yield Problem(here, f"{value} is no name that Kubernetes takes", here, value)
