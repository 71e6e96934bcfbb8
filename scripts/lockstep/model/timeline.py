"""What a family served, when, and by which decisions: the ledger on a line of time.

``lockstep.rollout.timeline`` makes these values from records alone. What serves is what the
followed branch declares; Argo CD needs a moment more, which ``live_since`` says where it is known.
"""

from dataclasses import dataclass
from datetime import datetime

from lockstep.model.decision import Decision, Variant


@dataclass(frozen=True, slots=True)
class ServedCluster:
    """The variants of one cluster, those without weight too.

    ``region`` is empty where it is not known: records do not hold it, and the cluster may be gone.
    ``since`` is when the same versions got the same weights, and ``record`` the number of the
    record that gave them.
    """

    cluster: str
    region: str
    variants: tuple[Variant, ...]
    since: datetime
    record: int


@dataclass(frozen=True, slots=True)
class DecisionPeriod:
    """How long a decision was the newest of its family, and what each cluster served then.

    It holds from ``since`` on, and until just before ``until`` (None: it is still the newest one).
    Both are aware, in UTC. ``since`` is when it was decided; where its clock was behind that of a
    record before it, the time of that one. ``live_since`` is when its weights were live in the
    clusters, by the record after it; None where that does not say so.
    """

    decision: Decision
    since: datetime
    until: datetime | None
    live_since: datetime | None
    clusters: tuple[ServedCluster, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A record that cannot be relied on: from the one before it on, its effect is not known.

    That ends with the next record that counts. ``settled`` is that an adoption has named it since.
    """

    path: str
    sequence: int
    problem: str
    settled: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """The periods of one family, in the order of its records, and the records without one."""

    environment: str
    family: str
    periods: tuple[DecisionPeriod, ...]
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedAt:
    """What a family served at a time.

    ``period`` is the one that held then; None before the first record, when nothing is known.
    ``decisions`` are those that led to it: the newest by then, and before it the one that gave each
    cluster its weights; the newest first. ``doubts`` are the records that may have changed it.
    """

    environment: str
    family: str
    period: DecisionPeriod | None
    decisions: tuple[Decision, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class ServingSpan:
    """A stretch of time in which a cluster gave the same weights to the same versions.

    ``variants`` are those with weight. ``first`` is the number of the record that began it.
    """

    cluster: str
    region: str
    since: datetime
    until: datetime | None
    variants: tuple[Variant, ...]
    first: int


@dataclass(frozen=True, slots=True)
class TrafficChange:
    """How a decision changed the traffic of a cluster: its variants with weight, before and after.

    ``before`` is None where the record before it has no such cluster, ``after`` where this one has
    none.
    """

    cluster: str
    region: str
    before: tuple[Variant, ...] | None
    after: tuple[Variant, ...] | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One decision in a history, with what it changed.

    ``since`` is as for a DecisionPeriod. ``problem`` says why the record cannot be relied on, and
    is empty for one that can; its changes are those that it claims.
    """

    decision: Decision
    since: datetime
    changes: tuple[TrafficChange, ...]
    problem: str = ""
