"""Whether a gate can use a measurement: a number, not from the future, of enough samples."""

import math
from datetime import datetime, timedelta

from lockstep.model.document import Json
from lockstep.model.evidence import Measurement
from lockstep.model.times import parse_duration, parse_time


class InvalidGate(ValueError):
    """A setting of the gate is not valid; the text says which and why."""


def why_unusable(
    who: str, measured: Measurement, gate: Json, since: datetime, now: datetime
) -> str:
    """Why a gate cannot use a measurement; empty where it can.

    ``who`` is ``candidate`` or ``stable``, for the text. Raises InvalidGate where a setting of
    the gate is not valid.
    """
    value = measured.value
    if measured.problem or value is None:
        return f"{who}: {measured.problem or 'no value'}"
    if not is_number(value):
        return f"{who}: the value is {value}, which is not a finite number"
    return _uncounted(who, measured, gate) or _untimely(who, measured.time, gate, since, now)


def why_outdated(
    who: str, measured: Measurement, gate: Json, since: datetime, now: datetime
) -> str:
    """Why a condition does not count, by the samples and the time that came with it.

    Empty where it counts, and where neither was asked for nor came. Raises as ``why_unusable``.
    """
    if why := _uncounted(who, measured, gate):
        return why
    if measured.time is None and not {"maxAge", "live"} & gate.keys():
        return ""
    return _untimely(who, measured.time, gate, since, now)


def _uncounted(who: str, measured: Measurement, gate: Json) -> str:
    """Why there are too few samples; empty where there are enough."""
    samples = measured.samples
    # A value over no samples is a default, and often a perfect 0: it must never pass.
    if samples is not None and (not is_number(samples) or samples <= 0):
        return f"{who}: measured on {samples} samples"
    needed = number(gate, "minSamples", 0)
    if (needed > 0 or "confidence" in gate) and samples is None:
        return f"{who}: the sample count is not known"
    if samples is not None and samples < needed:
        return f"{who}: {samples} samples, {needed:g} needed"
    return ""


def _untimely(who: str, text: str | None, gate: Json, since: datetime, now: datetime) -> str:
    live = gate.get("live", False)
    # The text "false" would be true in Python.
    if not isinstance(live, bool):
        raise InvalidGate(f"live is {live!r}; it must be true or false")
    try:
        time = parse_time(text or "")
    except (TypeError, ValueError):
        return f"{who}: the time of the measurement is not known"
    if time > now:  # the clocks disagree, so its age is not known
        return f"{who}: measured at {text}, which is in the future"
    if live and time < since:  # it measured the weights of an earlier step
        promoted = gate.get("when") == "promote"
        began = "the version was verified" if promoted else "this step was decided"
        return f"{who}: last measured at {text}, before {began}"
    if "maxAge" in gate and now - time > _duration(gate):
        return f"{who}: measured at {text}, older than {gate['maxAge']}"
    return ""


def is_number(value: Json) -> bool:
    """Whether a value is an integer or a float that arithmetic can use."""
    # A bool is an int in Python, and `true` is not a measurement.
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:  # an integer that no float can hold
        return False


def number(gate: Json, name: str, default: float | None = None) -> float:
    """A setting of the gate. Raises InvalidGate where it is not a finite number."""
    value = gate.get(name, default)
    if not is_number(value):
        raise InvalidGate(f"{name} is {value!r}, which is not a finite number")
    return float(value)


def _duration(gate: Json) -> timedelta:
    try:
        return parse_duration(gate["maxAge"])
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidGate(f"maxAge {gate['maxAge']!r} is not a duration") from error
