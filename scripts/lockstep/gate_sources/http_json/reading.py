"""What an answer says: values by JSON pointer, and whether they are what a gate expects.

What is missing, null or of another kind is never taken for an answer: the gate then holds.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lockstep.model.document import Json
from lockstep.model.evidence import Condition, Measurement
from lockstep.model.times import format_time, parse_time
from lockstep.text.sanitise import one_line, quoted

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_LARGEST = 2**53 - 1
_MOST = 10_000
_SHOWN = 3
# In seconds this is the year 5138, in milliseconds 1973: no measurement is so old or so new.
_SECONDS = 10**11


class Missing(ValueError):
    """There is no usable value; the text says why."""


def at_pointer(document: Json, pointer: str) -> Json:
    """The value at a JSON pointer (RFC 6901). Raises Missing where there is none."""
    if pointer and not pointer.startswith("/"):
        raise Missing(f"{quoted(pointer)} is not a JSON pointer: it has to begin with /")
    value = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            raise Missing(f"there is nothing at {quoted(pointer)}")
    return value


def measure(gate: Json, document: Json, now: str) -> Measurement:
    """The number that a gate is about, with its count and its time (``now`` without a pointer).

    For a gate with ``equals`` the value stays empty.
    """
    try:
        time = _time(gate, document, now)
        samples = _samples(gate, document)
        value = None if "equals" in gate else _number(gate, document)
    except Missing as error:
        return Measurement(problem=str(error))
    return Measurement(value, samples, time)


def condition(gate: Json, document: Json, expected: Json) -> Condition:
    """Whether the value is the expected one, in every item where the gate has ``each``."""
    try:
        found = list(_items(gate, document))
    except Missing as error:
        return Condition(None, str(error))
    results = [(name, _compare(value, expected)) for name, value in found]
    wrong = [f"{name} is {text}" for name, (holds, text) in results if holds is False]
    unknown = [f"{name} is {text}" for name, (holds, text) in results if holds is None]
    wanted = f"must be {_shown(expected)}"
    if wrong:
        return Condition(False, f"{_some(wrong)}, {wanted}")
    if unknown:
        return Condition(None, f"{_some(unknown)}, {wanted}")
    text = f"all {len(found)} are" if "each" in gate else f"{found[0][0]} is"
    return Condition(True, f"{text} {_shown(expected)}")


def _items(gate: Json, document: Json) -> Iterator[tuple[str, Json]]:
    """The values to compare, each with a name for the reason."""
    pointer = str(gate.get("value", ""))
    if "each" not in gate:
        yield pointer or "the answer", at_pointer(document, pointer)
        return
    items = at_pointer(document, str(gate["each"]))
    if not isinstance(items, list) or not items:
        raise Missing(f"there is no item at {quoted(str(gate['each']))}")
    if len(items) > _MOST:
        raise Missing(f"there are {len(items)} items, and at most {_MOST} are compared")
    for number, item in enumerate(items):
        name = item.get("name") if isinstance(item, dict) else None
        label = one_line(name, 80) if isinstance(name, str) and name else f"item {number}"
        try:
            yield label, at_pointer(item, pointer)
        except Missing:
            yield label, None


def _compare(found: Json, expected: Json) -> tuple[bool | None, str]:
    if _kind(found) != _kind(expected) or found is None:
        return None, _shown(found)
    if isinstance(found, list):
        same = [_kind(each) for each in found] == [_kind(each) for each in expected]
        return same and found == expected, _shown(found)
    return found == expected, _shown(found)


def _kind(value: Json) -> str:
    # A bool is an int in Python, and no number here.
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _number(gate: Json, document: Json) -> float | int:
    pointer = str(gate.get("value", ""))
    value = at_pointer(document, pointer)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Missing(f"{pointer or 'the answer'} is {_shown(value)}, which is not a number")
    return value


def _samples(gate: Json, document: Json) -> int | None:
    if "samples" not in gate:
        return None
    pointer = str(gate["samples"])
    value = at_pointer(document, pointer)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise Missing(f"{pointer} is {_shown(value)}, which is not a count of samples")
    return value


def _time(gate: Json, document: Json, now: str) -> str:
    """RFC 3339 in UTC, from the same with a zone, or from seconds or milliseconds since 1970."""
    if "time" not in gate:
        return now
    pointer = str(gate["time"])
    value = at_pointer(document, pointer)
    try:
        if isinstance(value, str):
            return format_time(parse_time(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value if abs(value) < _SECONDS else value / 1000
            return format_time(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        pass  # below
    raise Missing(f"{pointer} is {_shown(value)}, which is not a time with a zone")


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return "an object"
    if value is None:
        return "null"
    return one_line(str(value).lower() if isinstance(value, bool) else str(value), 120)


def _some(texts: list[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
