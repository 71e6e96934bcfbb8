"""Where a rendered object is not what is expected of it (see ``expected``)."""

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lockstep.model.document import Json, Pointer
from lockstep.render.targets.expected import (
    ABSENT,
    FREE,
    RESERVED,
    AnyBut,
    Apart,
    ByName,
    Each,
    Expected,
    Guarded,
    Has,
    IfAny,
    Mark,
    OneOf,
    Within,
)

_RESERVED_ENDS = tuple(f".{domain}" for domain in RESERVED)


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
    if expected is FREE:
        return True
    kind = type(expected)
    if kind is dict or kind is Guarded:
        fields = expected if kind is dict else expected.fields
        if not _fields_agree(fields, found):
            return False
        # A comparison of keys first: nearly always there are no others.
        known = found is ABSENT or found.keys() <= fields.keys()
        return known or not any(_unexpected(expected, fields, found))
    if kind is IfAny:
        return found is ABSENT or found == expected.value or agrees(expected.value, found)
    if kind is ByName:
        return _named_agree(expected, found)
    if kind is list:
        alike = isinstance(found, list) and len(found) == len(expected)
        return alike and all(map(agrees, expected, found))
    return not any(differences(expected, found))


def _fields_agree(fields: Mapping[str, Expected], found: Json) -> bool:
    if type(found) is not dict and found is not ABSENT:
        return False
    there: Json = {} if found is ABSENT else found
    for key, expected in fields.items():
        # For Kubernetes a null is no value.
        if (value := there.get(key)) is None:
            value = ABSENT
        if value is not expected and value != expected and not agrees(expected, value):
            return False
    return True


def _named_agree(expected: ByName, found: Json) -> bool:
    missing = dict(expected.items)
    for item in found if isinstance(found, list) else ():
        name = str(item.get("name")) if isinstance(item, dict) else ""
        each = missing.pop(name, expected.others)
        if (each is expected.others and name in expected.items) or not agrees(each, item):
            return False
    return not missing


def differences(expected: Expected, found: Json, at: Pointer = ()) -> Iterator[Difference]:
    """Each place at which ``found``, ABSENT for nothing, is not as expected."""
    if isinstance(expected, Mapping):
        yield from _of_fields(expected, expected, found, at)
    elif isinstance(expected, Guarded):
        yield from _of_fields(expected, expected.fields, found, at)
    elif isinstance(expected, ByName):
        yield from _of_named(expected, found, at)
    elif isinstance(expected, Has):
        yield from _of_items(expected, found, at)
    elif isinstance(expected, list):
        yield from _of_list(expected, found, at)
    elif isinstance(expected, Each | IfAny | Within | AnyBut):
        if found is not ABSENT:
            yield from _of_optional(expected, found, at)
    elif isinstance(expected, OneOf):
        if found not in expected.values:
            yield _difference(expected, found, at)
    elif isinstance(expected, Apart):
        if not _is_apart(expected.path, found):
            yield _difference(expected, found, at)
    elif expected is not FREE and found != expected:
        yield _difference(expected, found, at)


def _of_optional(
    expected: Each | IfAny | Within | AnyBut, found: Json, at: Pointer
) -> Iterator[Difference]:
    if isinstance(expected, IfAny):
        yield from differences(expected.value, found, at)
    elif isinstance(expected, Each) and isinstance(found, list):
        for index, item in enumerate(found):
            yield from differences(expected.item, item, (*at, index))
    elif isinstance(expected, Within):
        if type(found) is not int or not expected.least <= found <= expected.most:
            yield _difference(expected, found, at)
    elif isinstance(expected, Each) or found == expected.value:
        yield _difference(expected, found, at)


def _is_apart(path: str, found: Json) -> bool:
    if not isinstance(found, str):
        return False
    # As Kubernetes reads it: a path without a slash in front begins at the root.
    here, there = (f"{posixpath.normpath(f'/{each}').strip('/')}/" for each in (path, found))
    return not here.startswith(there) and not there.startswith(here) and there != "/"


def _of_fields(
    expected: Expected, fields: Mapping[str, Expected], found: Json, at: Pointer
) -> Iterator[Difference]:
    if found is not ABSENT and not isinstance(found, dict):
        yield Difference(at, f"have {', '.join(fields)}", _writes(found))
        return
    there = found if isinstance(found, dict) else {}
    for key, each in fields.items():
        value = there.get(key)
        yield from differences(each, ABSENT if value is None else value, (*at, key))
    for key in _unexpected(expected, fields, found):
        yield _difference(ABSENT, there[key], (*at, key))


def _unexpected(expected: Expected, fields: Mapping[str, Expected], found: Json) -> Iterator[str]:
    if isinstance(found, dict):
        guarded = isinstance(expected, Guarded)
        for key, value in found.items():
            if key not in fields and value is not None and (not guarded or _is_reserved(key)):
                yield key


def _is_reserved(key: str) -> bool:
    domain, slash, _ = key.partition("/")
    return bool(slash) and f".{domain.lower()}".endswith(_RESERVED_ENDS)


def _of_named(expected: ByName, found: Json, at: Pointer) -> Iterator[Difference]:
    missing = dict(expected.items)
    for index, item in enumerate(found if isinstance(found, list) else []):
        name = str(item.get("name")) if isinstance(item, dict) else ""
        if name in missing:
            yield from differences(missing.pop(name), item, (*at, index))
        elif name in expected.items:
            # Of two with one name Kubernetes takes the last, or refuses both.
            yield Difference((*at, index), f"have one item named {name}", "has another")
        else:
            yield from differences(expected.others, item, (*at, index))
    for name in missing:
        yield Difference(at, f"have an item named {name}", "has none")


def _of_items(expected: Has, found: Json, at: Pointer) -> Iterator[Difference]:
    items = found if isinstance(found, list) else []
    for item in expected.items:
        if item not in items:
            yield Difference(at, f"have {_shown(item)}", _writes(found))
    for index, item in enumerate(items):
        if item not in expected.items:
            yield from differences(expected.others, item, (*at, index))


def _of_list(items: list[Expected], found: Json, at: Pointer) -> Iterator[Difference]:
    if not isinstance(found, list) or len(found) != len(items):
        yield _difference(items, found, at)
        return
    for index, item in enumerate(items):
        yield from differences(item, found[index], (*at, index))


def _difference(expected: Expected, found: Json, at: Pointer) -> Difference:
    return Difference(at, _must(expected), _writes(found), at_key=expected is ABSENT)


def _must(expected: Expected) -> str:
    if expected is ABSENT:
        return "not be there"
    if isinstance(expected, Within):
        return f"be a whole number from {expected.least} to {expected.most}"
    if isinstance(expected, OneOf):
        return f"be one of {_shown(list(expected.values))}"
    if isinstance(expected, Apart):
        return f"be a path that is not at, in or above {expected.path}"
    if isinstance(expected, AnyBut):
        return f"not be {_shown(expected.value)}"
    if isinstance(expected, Each):
        return "be a list"
    return f"be {_shown(expected)}"


def _writes(value: Json) -> str:
    return "is missing" if value is ABSENT else f"is {_shown(value)}"


def _shown(value: Json) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(expected: Expected) -> Json:
    """What is expected as a value, without markers and without what may be missing."""
    if isinstance(expected, Guarded):
        return _plain(expected.fields)
    if isinstance(expected, dict):
        return {key: _plain(each) for key, each in expected.items() if not _is_optional(each)}
    if isinstance(expected, IfAny):
        return _plain(expected.value)
    if isinstance(expected, Apart):
        return f"a path apart from {expected.path}"
    if isinstance(expected, OneOf):
        return expected.values[0]
    if isinstance(expected, ByName):
        return [_plain(each) for each in expected.items.values()]
    if isinstance(expected, list | Has):
        items = expected.items if isinstance(expected, Has) else expected
        return [_plain(each) for each in items]
    return expected


def _is_optional(expected: Expected) -> bool:
    return isinstance(expected, Mark | Each | Within | AnyBut)
