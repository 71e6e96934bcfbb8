"""Whether values that were read from a file have the types that their fields declare."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def conforms(value: object, declared: Any) -> bool:
    """Whether a value is of a declared type, all the way down; ``Any`` takes everything.

    Reads dataclasses, ``tuple[T, ...]``, ``list``, ``Mapping`` and unions. A number is of the
    very type that is declared (``True`` is no int), but an int will do for a float.
    """
    if declared is Any:
        return True
    kind, inner = get_origin(declared), get_args(declared)
    if kind in (Union, UnionType):
        return any(conforms(value, each) for each in inner)
    if kind in (list, tuple):
        return isinstance(value, kind) and all(conforms(item, inner[0]) for item in value)
    if kind is Mapping:
        return isinstance(value, dict) and all(
            conforms(key, inner[0]) and conforms(item, inner[1]) for key, item in value.items()
        )
    if is_dataclass(declared):
        return type(value) is declared and all(
            conforms(getattr(value, name), each) for name, each in _fields(declared)
        )
    if declared is float:
        return type(value) in (int, float)
    return type(value) is (NoneType if declared is None else declared)


@cache
def _fields(declared: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(declared)
    return [(field.name, hints[field.name]) for field in fields(declared)]
