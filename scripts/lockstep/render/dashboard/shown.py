"""What a dashboard shows of a family: its clusters with their objectives, no version, no weight."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ShownCluster:
    """A cluster and what it is held to; a field is None where its spec says nothing of it.

    Numbers are decimal texts, so that what a person wrote is what the dashboard says.
    ``availability`` and ``percentile`` are percent of the requests, ``latency`` is in seconds.
    ``accuracy`` is the lowest that is good enough, ``drift`` the most that is.
    """

    name: str
    availability: str | None = None
    latency: str | None = None
    percentile: str | None = None
    accuracy: str | None = None
    drift: str | None = None


@dataclass(frozen=True, slots=True)
class ShownFamily:
    """A family as its dashboard shows it, with its clusters in the order of their names.

    ``skew`` is how many versions may serve in addition to the first. All names are DNS labels: a
    title or a tag of Grafana's that holds one holds no variable and no template.
    """

    uid: str
    environment: str
    tenant: str
    family: str
    skew: int
    clusters: tuple[ShownCluster, ...]


def failing_share(availability: str) -> Decimal:
    """The share of the requests, from 0 to 1, that may fail: 0.001 for 99.9 percent."""
    return (100 - Decimal(availability)).scaleb(-2).normalize()


def as_number(text: str | Decimal) -> int | float:
    """A decimal number as JSON writes it, whole where it is whole."""
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
