"""Gates on a real Prometheus: what it holds is counted, exactly, and what it does not is missing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.acceptance.prometheus_server import needs_prometheus

pytestmark = needs_prometheus

SINCE = datetime(2026, 1, 31, 8, tzinfo=UTC)
NOW = SINCE + timedelta(minutes=62)
STEP = timedelta(seconds=15)
BLOCKS = 12


def at(minutes: float) -> datetime:
    return SINCE + timedelta(minutes=minutes)


Rate = Callable[[float], float]


def counted(rate: Rate, first: float = -70, last: float = 65, offset: float = 3.5,
            skip: tuple[float, float] = (0, 0), reset: float = 1e9,
            before: float = 0.0) -> list[tuple[datetime, float]]:  # fmt: skip
    """The samples of a counter that grows by ``rate(minute)`` at each whole second's quarter.

    ``first`` and ``last`` are the minutes of its life, ``skip`` those without scrapes, ``reset``
    the minute at which it begins again from zero; ``before`` is what it starts at.
    """
    value, minute, samples, was_reset = before, first, [], False
    while minute <= last:
        value += rate(minute)
        if minute >= reset and not was_reset:
            value, was_reset = rate(minute), True
        if not skip[0] <= minute < skip[1]:
            samples.append((at(minute) + timedelta(seconds=offset), float(value)))
        minute += 0.25
    return samples


def istio(workload: str, pod: str, code: str = "200", **more: str) -> str:
    labels = {
        "reporter": "destination", "destination_workload": workload, "pod": pod,
        "destination_workload_namespace": "fraud", "response_code": code, **more,
    }  # fmt: skip
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"istio_requests_total{{{inner}}}"
