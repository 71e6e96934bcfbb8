"""What OPA is asked about, one evaluation each, and what comes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lockstep.model.clock import format_time
from lockstep.model.document import Json
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.policy.rules import Scope

Rendered = Mapping[str, Mapping[str, list[Json]]]
"""The rendered objects of each cluster, by the path of its file, then by kind."""

_FIRST, _LAST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Rego counts nanoseconds in 64 bits: the times beyond are as good as these."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all items of one family see, as OPA gets it."""

    environment: Json
    environment_before: Json
    facts: Json


@dataclass(frozen=True, slots=True)
class PolicyItem:
    """One evaluation: a cluster, a family with all of its clusters, or a whole environment.

    ``id`` is the path of the file that declares it. ``documents`` holds each cluster's effective
    document as it is and as it was, by the path of its file; for an environment ``tenancy`` sums
    up its clusters instead. ``family`` is None for an environment.
    """

    id: str
    scope: Scope
    environment: Environment
    family: Family | None
    clusters: tuple[Cluster, ...]
    shared: Shared
    documents: Json = field(default_factory=dict)
    tenancy: Json = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Whether all clusters of a family are judged, and what the others were ``before``.

    Those are not taken for removed, nor for diverged from the records.
    """

    complete: bool = True
    before: Sequence[Cluster] = ()


NONE_MALFORMED = Malformed()


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which rules judge: to the hour, so that the same answer holds for an hour."""

    now: datetime

    def to_json(self) -> Json:
        """``now`` and ``today``, both in UTC."""
        known = min(max(self.now.astimezone(UTC), _FIRST), _LAST)
        text = format_time(known.replace(minute=0, second=0, microsecond=0))
        return {"now": text, "today": text[:10]}
