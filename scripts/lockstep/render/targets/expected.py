"""What must hold of a rendered object, whatever its template says.

A component describes each of its objects as the object itself would be written, with what spec and
lock decide: names, selectors, images, weights. The template may add to that and not differ from
it. The description never comes from a template, so replacing one cannot change it::

    {
        "metadata": {"name": "fraud", "labels": Guarded({"lockstep.dev/cluster": "fraud"})},
        "spec": {
            "replicas": 3,
            "paused": ABSENT,
            "selector": Only({"matchLabels": Only({"lockstep.dev/cluster": "fraud"})}),
            "containers": ByName({"model": {"image": "registry.example.com/server@sha256:..."}}),
        },
    }
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from lockstep.model.document import Json, Pointer

RESERVED = (
    "lockstep.dev/", "app.kubernetes.io/",
    # Hooks, sync options and what an Application owns: they decide what is applied, and when.
    "argocd.argoproj.io/",
    # The cloud identity of pods.
    "eks.amazonaws.com/", "iam.amazonaws.com/", "iam.gke.io/", "azure.workload.identity/",
    # Pauses an autoscaler, with any number of replicas.
    "autoscaling.keda.sh/",
)  # fmt: skip
"""How keys of labels and annotations begin that only Lockstep writes."""


class _Absent(Enum):
    ABSENT = auto()


ABSENT = _Absent.ABSENT
"""In place of a value: the field must not be there."""


@dataclass(frozen=True, slots=True, eq=False)
class Only:
    """A mapping with these fields and no others."""

    fields: Mapping[str, "Expected"]


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """Labels or annotations: these, and no other key that begins with one of RESERVED."""

    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class ByName:
    """A list of mappings that have names: each of these is there once; others may be there too."""

    items: Mapping[str, "Expected"]


@dataclass(frozen=True, slots=True, eq=False)
class Has:
    """A list in which these items are; others may be there too."""

    items: Sequence[Json]


@dataclass(frozen=True, slots=True, eq=False)
class IfAny:
    """A field that may be missing; where it is there, it has this value."""

    value: Json


Expected = Json
"""A value as it must be, or one of the markers, at any depth. A plain mapping allows further
fields, and a plain list is the whole list."""


class Difference(NamedTuple):
    """Where an object differs from what is expected: what it must do there, and what it does.

    ``at_key`` says that the key at ``pointer`` should not be there.
    """

    pointer: Pointer
    must: str
    does: str
    at_key: bool = False


def agrees(expected: Expected, found: Json) -> bool:
    """Whether there are no differences: quicker than to list them, and nearly always so."""
    if type(expected) is dict:
        return _fields_agree(expected, found)
    if type(expected) is Only or type(expected) is Guarded:
        return _fields_agree(expected.fields, found) and not any(_unexpected(expected, found))
    if type(expected) is list:
        alike = isinstance(found, list) and len(found) == len(expected)
        return alike and all(map(agrees, expected, found))
    return not any(differences(expected, found))


def _fields_agree(fields: Mapping[str, Expected], found: Json) -> bool:
    if type(found) is not dict and found is not ABSENT:
        return False
    there = {} if found is ABSENT else found
    for key, expected in fields.items():
        # For Kubernetes a null is no value.
        if (value := there.get(key)) is None:
            value = ABSENT
        if value is not expected and value != expected and not agrees(expected, value):
            return False
    return True


def differences(expected: Expected, found: Json, at: Pointer = ()) -> Iterator[Difference]:
    """Each place at which ``found``, ABSENT for nothing, is not as expected."""
    if isinstance(expected, Mapping):
        yield from _of_fields(expected, found, at)
    elif isinstance(expected, Only | Guarded):
        yield from _of_fields(expected.fields, found, at)
        for key in _unexpected(expected, found):
            yield Difference((*at, key), "not be there", _writes(found[key]), at_key=True)
    elif isinstance(expected, ByName):
        yield from _of_named(expected.items, found, at)
    elif isinstance(expected, Has):
        items = found if isinstance(found, list) else []
        for item in expected.items:
            if item not in items:
                yield Difference(at, f"have {_shown(item)}", _writes(found))
    elif isinstance(expected, IfAny):
        if found is not ABSENT and found != expected.value:
            yield Difference(at, f"be {_shown(expected.value)}", _writes(found))
    elif isinstance(expected, list):
        yield from _of_list(expected, found, at)
    elif found != expected:
        must = "not be there" if expected is ABSENT else f"be {_shown(expected)}"
        yield Difference(at, must, _writes(found), at_key=expected is ABSENT)


def _of_fields(fields: Mapping[str, Expected], found: Json, at: Pointer) -> Iterator[Difference]:
    if found is not ABSENT and not isinstance(found, dict):
        yield Difference(at, f"have {', '.join(fields)}", _writes(found))
        return
    there = found if isinstance(found, dict) else {}
    for key, expected in fields.items():
        value = there.get(key)
        yield from differences(expected, ABSENT if value is None else value, (*at, key))


def _unexpected(expected: Only | Guarded, found: Json) -> Iterator[str]:
    for key in found if isinstance(found, dict) else ():
        refused = isinstance(expected, Only) or key.startswith(RESERVED)
        if refused and key not in expected.fields:
            yield key


def _of_named(items: Mapping[str, Expected], found: Json, at: Pointer) -> Iterator[Difference]:
    named: dict[Json, list[int]] = {}
    for index, item in enumerate(found if isinstance(found, list) else []):
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str):
            named.setdefault(name, []).append(index)
    for name, expected in items.items():
        if name not in named:
            yield Difference(at, f"have an item named {name}", "has none")
            continue
        first, *others = named[name]
        yield from differences(expected, found[first], (*at, first))
        # Of two with one name Kubernetes takes the last, or refuses both.
        for index in others:
            yield Difference((*at, index), f"have one item named {name}", "has another")


def _of_list(items: list[Expected], found: Json, at: Pointer) -> Iterator[Difference]:
    if not isinstance(found, list) or len(found) != len(items):
        yield Difference(at, f"be {_shown(items)}", _writes(found))
        return
    for index, item in enumerate(items):
        yield from differences(item, found[index], (*at, index))


def _writes(value: Json) -> str:
    return "is missing" if value is ABSENT else f"is {_shown(value)}"


def _shown(value: Json) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(expected: Expected) -> Json:
    """What is expected as a value, without markers."""
    if isinstance(expected, Only | Guarded):
        return _plain(expected.fields)
    if isinstance(expected, dict):
        return {k: _plain(each) for k, each in expected.items() if each is not ABSENT}
    if isinstance(expected, IfAny):
        return expected.value
    if isinstance(expected, ByName):
        return [{"name": name, **_plain(each)} for name, each in expected.items.items()]
    if isinstance(expected, list | Has):
        items = expected.items if isinstance(expected, Has) else expected
        return [_plain(each) for each in items]
    return expected
