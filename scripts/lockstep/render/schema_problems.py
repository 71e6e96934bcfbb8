"""What the schema of a kind finds wrong with a manifest, with the place and the value."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import jsonschema_rs

from lockstep.model.document import Json, Pointer, to_json_pointer, value_at
from lockstep.text.phrases import closest
from lockstep.text.sanitise import one_line

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""

_SHAPES = (jsonschema_rs.ValidationErrorKind.Type, jsonschema_rs.ValidationErrorKind.Required)


class ManifestProblem(NamedTuple):
    """A mistake in a manifest, at ``pointer``: what a schema says about the value ``at``.

    ``at_key`` says that the key at ``pointer`` is the mistake, ``wrong_shape`` that no other value
    of this type could fix it: it is of a wrong type, or has too few fields.
    """

    pointer: Pointer
    text: str
    at: Pointer = ()
    value: str = ""
    at_key: bool = False
    wrong_shape: bool = False

    def describe(self, *, everywhere: bool = False, masked: bool = False) -> str:
        """The message, with the place if there is one.

        ``everywhere`` for any item of a list, ``masked`` without the value.
        """
        # Without index and value the same mistake of a template reads the same in every file, so
        # that its findings become one.
        at = tuple("*" if everywhere and isinstance(part, int) else part for part in self.at)
        text = self.text
        if masked and self.value and text.startswith(self.value):
            text = f"this value{text.removeprefix(self.value)}"
        return f"{to_json_pointer(at)}: {one_line(text, 300)}" if at else one_line(text, 300)


def problems_of(errors: Sequence[jsonschema_rs.ValidationError]) -> Iterator[ManifestProblem]:
    """The problems that these errors say.

    A field that is missing because it is misspelt is one problem, at the misspelt one.
    """
    missing: dict[Pointer, list[str]] = {}
    unknown: dict[Pointer, list[str]] = {}
    for error in errors:
        here = tuple(error.instance_path)
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
            missing.setdefault(here, []).append(error.kind.property)
        unknown.setdefault(here, []).extend(getattr(error.kind, "unexpected", ()))
    suggestions = {
        (here, name): right
        for here, names in unknown.items()
        for name in names
        if (right := closest(name, missing.get(here, ())))
    }
    found = {(here, right) for (here, _), right in suggestions.items()}
    for error in errors:
        here = tuple(error.instance_path)
        if (here, getattr(error.kind, "property", None)) not in found:
            yield _problem(error, suggestions)


def _problem(
    error: jsonschema_rs.ValidationError, suggestions: Mapping[tuple[Pointer, str], str]
) -> ManifestProblem:
    """An unknown field is found at the field rather than at the mapping around it."""
    here: Pointer = tuple(error.instance_path)
    unknown = getattr(error.kind, "unexpected", None)
    right = suggestions.get((here, unknown[0])) if unknown else None
    return ManifestProblem(
        (*here, unknown[0]) if unknown else here,
        f"{error.message}; did you mean {right!r}?" if right else error.message,
        here,
        # In the form in which jsonschema-rs begins its messages: describe removes it from there.
        json.dumps(error.instance, ensure_ascii=False, separators=(",", ":")),
        at_key=bool(unknown),
        wrong_shape=isinstance(error.kind, _SHAPES),
    )


def problems_of_name(manifest: Json) -> Iterator[ManifestProblem]:
    """Kubernetes' schemas neither require a name nor say what is valid; its server does."""
    here: Pointer = ("metadata", "name")
    name = value_at(manifest, here)
    if name is None:
        yield ManifestProblem(here, "the object has no name", here)
    elif not isinstance(name, str) or not _NAME.fullmatch(name):
        value = json.dumps(name, ensure_ascii=False)
        yield ManifestProblem(here, f"{value} is not a valid name in Kubernetes", here, value)
