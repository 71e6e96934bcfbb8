"""PromQL, and the templates of Prometheus, with the values of specs as nothing but data."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from lockstep.model.times import parse_duration
from lockstep.text.promql import selector

_REQUEST = re.compile(r"([0-9]+)(ms|s|m)", re.ASCII)
_UNITS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60)}


def series(metric: str, labels: Mapping[str, str]) -> str:
    """The selector of a metric's series with exactly these labels. Raises ValueError."""
    return selector(metric, labels, {})


def duration(text: str) -> str:
    """A duration of a spec as PromQL and the operator write it: ``36h`` is ``1d12h``.

    Raises ValueError for anything else, and for 0, which is no range.
    """
    length = parse_duration(text)
    if not length:
        raise ValueError(f"{text!r} is no length of time")
    return _written(length)


def seconds(text: str) -> str:
    """The time of a request in seconds: ``500ms`` is ``0.5``. Raises ValueError."""
    match = _REQUEST.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not the time of a request; write it like 500ms or 2s")
    return f"{(Decimal(match[1]) * _UNITS[match[2]]).normalize():f}"


def literal(text: str) -> str:
    """A text for a template of Prometheus or Alertmanager, which gives the text itself again.

    The templates are Go's: an action begins with two braces, also where the first one of them
    comes from another text. So each opening brace becomes an action of its own.
    """
    return text.replace("{", '{{"{"}}')


def _written(length: timedelta) -> str:
    minutes, second = divmod(int(length.total_seconds()), 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    parts = ((day, "d"), (hour, "h"), (minute, "m"), (second, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)
