"""When two values of a field are the same to Kubernetes although they are written differently."""

import re
from decimal import Decimal
from fractions import Fraction

from lockstep.model.document import Json, Pointer

_QUANTITY = re.compile(
    r"([+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18}))(?:([EPTGMkmunKi]{1,2})|[eE]([+-]?\d{1,2}))?"
)
_FACTORS = {
    "": Fraction(1), "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000),
    "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12),
    "P": Fraction(10**15), "E": Fraction(10**18),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40),
    "Pi": Fraction(2**50), "Ei": Fraction(2**60),
}  # fmt: skip
_QUANTITIES = frozenset({"requests", "limits", "hard", "capacity", "used"})
"""Mappings whose values are quantities."""
_ONE_QUANTITY = frozenset({"sizeLimit", "averageValue", "divisor"})
_INT_OR_STRING = frozenset(
    {"port", "targetPort", "maxSurge", "maxUnavailable", "minAvailable", "number"}
)
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s|us|ns))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)")
_SECONDS = {
    "h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("1e-3"),
    "us": Decimal("1e-6"), "ns": Decimal("1e-9"),
}  # fmt: skip
_DURATIONS = re.compile(r"(?i)(?:interval|timeout|duration|maxDuration|baseEjectionTime)$")


def same_value(git: Json, live: Json, at: Pointer) -> bool:
    """Whether two values of the field ``at`` mean the same: numbers, texts, booleans."""
    if type(git) is type(live) and git == live:
        return True
    if isinstance(git, bool) or isinstance(live, bool):
        return False
    names = [str(part) for part in at]
    last = names[-1] if names else ""
    if last in _INT_OR_STRING and str(git) == str(live):
        return True
    if last in _ONE_QUANTITY or _QUANTITIES.intersection(names[-2:-1]):
        amounts = quantity(git), quantity(live)
        return amounts[0] is not None and amounts[0] == amounts[1]
    if _DURATIONS.search(last):
        times = _seconds(git), _seconds(live)
        return times[0] is not None and times[0] == times[1]
    # JSON has one type of numbers.
    return isinstance(git, int | float) and isinstance(live, int | float) and git == live


def quantity(value: Json) -> Fraction | None:
    """The amount that a quantity of Kubernetes stands for; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    found = _QUANTITY.fullmatch(str(value))
    if not found:
        return None
    number, suffix, exponent = found.groups()
    factor = _FACTORS.get(suffix or "")
    return (
        None if factor is None else Fraction(number) * factor * Fraction(10) ** int(exponent or 0)
    )


def _seconds(value: Json) -> Decimal | None:
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    return sum((Decimal(n) * _SECONDS[unit] for n, unit in _PART.findall(value)), Decimal(0))
