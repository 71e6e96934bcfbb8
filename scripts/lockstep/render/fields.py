"""Typed reading of the fields that rendering uses, with the place of what is wrong."""

from decimal import Decimal
from math import isfinite
from typing import NoReturn, TypeGuard

from lockstep.model.document import Document, Json, Pointer, to_json_pointer, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster


class Unrenderable(Exception):
    """This cluster or environment cannot be rendered; ``finding`` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Fields:
    """Reads values of a cluster (its effective spec) or of another document.

    Each method raises Unrenderable, at the place where the value is or would be written, when it
    is missing or has another type. A ``default`` is used for a value that may be missing.
    """

    def __init__(self, origin: Cluster | Document) -> None:
        self._origin = origin
        self._value = origin.effective if isinstance(origin, Cluster) else origin.value

    def has(self, *pointer: str | int) -> bool:
        """Whether something is written there."""
        # A null means that there is none, as in the merge with the family (RFC 7396).
        return value_at(self._value, pointer) is not None

    def text(self, *pointer: str | int, default: str | None = None) -> str:
        """A string that UTF-8 can hold (no half of a surrogate pair)."""
        value = value_at(self._value, pointer, default)
        return value if _is_text(value) else self._refuse(pointer, "text")

    def integer(self, *pointer: str | int) -> int:
        """A whole number; a boolean is not one."""
        value = value_at(self._value, pointer)
        # Not isinstance: in Python a boolean is an int too.
        return value if type(value) is int else self._refuse(pointer, "a whole number")

    def number(self, *pointer: str | int) -> str:
        """A number, whole or not, as it is written in decimals: ``99.9``."""
        value = value_at(self._value, pointer)
        if type(value) not in (int, float) or not isfinite(value):
            self._refuse(pointer, "a number")
        return f"{Decimal(str(value)):f}"

    def items(self, *pointer: str | int) -> list[Json]:
        """A list."""
        value = value_at(self._value, pointer)
        return value if isinstance(value, list) else self._refuse(pointer, "a list")

    def texts(self, *pointer: str | int) -> dict[str, str]:
        """A mapping of strings; empty where it is missing."""
        value = value_at(self._value, pointer, {})
        if isinstance(value, dict) and all(map(_is_text, value.values())):
            return value
        return self._refuse(pointer, "a mapping of texts")

    def plain(self, *pointer: str | int) -> Json:
        """A list or mapping of texts, whole numbers and booleans at any depth; nulls are left out.

        Which fields it has is for the schemas.
        """
        value = _without_nulls(value_at(self._value, pointer))
        if isinstance(value, dict | list) and _is_plain(value):
            return value
        return self._refuse(pointer, "a list or mapping of texts, whole numbers and booleans")

    def mapping(self, *pointer: str | int) -> dict[str, Json]:
        """As ``plain``, but a mapping."""
        value = self.plain(*pointer)
        return value if isinstance(value, dict) else self._refuse(pointer, "a mapping")

    def names(self, *pointer: str | int) -> list[str]:
        """The keys of a mapping, sorted; none where it is missing."""
        value = value_at(self._value, pointer)
        if value is None:
            return []
        if isinstance(value, dict) and all(map(_is_text, value)):
            return sorted(value)
        return self._refuse(pointer, "a mapping")

    def fail(self, pointer: Pointer, rule: str, message: str, fix: str) -> NoReturn:
        """Raises Unrenderable with a finding at ``pointer``."""
        raise Unrenderable(finding_at(self._origin, pointer, rule, message, fix))

    def _refuse(self, pointer: Pointer, wanted: str) -> NoReturn:
        name = ".".join(map(str, pointer))
        self.fail(pointer, "render.input", f"{name} must be {wanted}", f"write {name} as {wanted}")


def finding_at(
    origin: Cluster | Document, pointer: Pointer, rule: str, message: str, fix: str
) -> Finding:
    """A finding at the place in which the value at ``pointer`` was or would be written."""
    where = origin.locate(pointer)
    inner = origin.origin(pointer)[1] if isinstance(origin, Cluster) else pointer
    text = to_json_pointer(inner)
    return Finding(where.file, where.line, where.column, rule, message, fix, text)


def _is_plain(value: Json) -> bool:
    if isinstance(value, dict):
        return all(map(_is_text, value)) and all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return type(value) in (bool, int) or _is_text(value)


def _without_nulls(value: Json) -> Json:
    # A null inside of a list is no field, and stays to be refused.
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _is_text(value: Json) -> TypeGuard[str]:
    if not isinstance(value, str):
        return False
    # isascii first: it is quick, and true for nearly all values.
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
