"""What the rules get to see: each cluster, family and environment with the facts around it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lockstep.model.clock import format_time
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.stages.freezes import freezes_in_force
from lockstep.stages.policy_rules import Scope
from lockstep.stages.quarantine import in_force
from lockstep.stages.rollout import moved_at, rollout_facts

Rendered = Mapping[str, Mapping[str, list[Json]]]
"""The rendered objects of each cluster, by the path of its file, then by kind."""

_OF_TENANTS = ("region", "namespace", "host", "serving", "variants", "access", "cost")
"""What rules of scope environment see of a spec: what costs, and what claims a name."""


_FIRST, _LAST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Rego counts nanoseconds in 64 bits: the times beyond are as good as these."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all items of one family see, as OPA gets it."""

    environment: Json
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
class Moment:
    """The time at which rules judge: to the hour, so that the same answer holds for an hour."""

    now: datetime

    def to_json(self) -> Json:
        """``now`` and ``today``, both in UTC."""
        known = min(max(self.now.astimezone(UTC), _FIRST), _LAST)
        text = format_time(known.replace(minute=0, second=0, microsecond=0))
        return {"now": text, "today": text[:10]}


def policy_inputs(
    new: Fleet,
    old: Fleet | None,
    now: datetime,
    rendered: Rendered | None = None,
) -> list[PolicyItem]:
    """The items that judge ``new`` and the change from ``old`` (None: there was nothing before).

    Both fleets hold well-formed documents alone: what a schema refuses is a finding already, and
    a rule that misses a value is an error.
    """
    items = [tenancy_input(environment) for environment in new.environments.values()]
    for family in new.families():
        items += family_inputs(new, old, family, now, rendered or {})
    return items


def tenancy_input(environment: Environment) -> PolicyItem:
    """The item that judges a whole environment: what its tenants claim and spend."""
    families = [
        {"name": family.name, **{k: family.document.value["metadata"][k] for k in _OWNED}}
        for family in environment.families.values()
    ]
    clusters = tuple(c for family in environment.families.values() for c in family.clusters)
    tenants = {family["name"]: family["tenant"] for family in families}
    tenancy = {
        "families": families,
        "clusters": [
            {
                "name": cluster.name,
                "family": cluster.family,
                "tenant": tenants[cluster.family],
                "spec": {k: v for k, v in cluster.effective["spec"].items() if k in _OF_TENANTS},
            }
            for cluster in clusters
        ],
    }
    document = environment.document
    shared = Shared(document.value, None)
    return PolicyItem(
        document.path, Scope.ENVIRONMENT, environment, None, clusters, shared, tenancy=tenancy
    )


_OWNED = ("tenant", "owner")


def family_inputs(
    fleet: Fleet, old: Fleet | None, family: Family, now: datetime, rendered: Rendered
) -> Iterator[PolicyItem]:
    """The items that judge one family of ``fleet``: one for each cluster, and one for all."""
    environment = fleet.environments[family.environment]
    before = _family_of(old, family)
    documents = {c.path: _document(c, family, before, rendered) for c in family.clusters}
    facts = _facts(fleet, environment, family, before, now)
    shared = Shared(environment.document.value, facts)
    for cluster in family.clusters:
        own = {cluster.path: documents[cluster.path]}
        yield PolicyItem(cluster.path, Scope.CLUSTER, environment, family, (cluster,), shared, own)
    yield PolicyItem(
        family.document.path, Scope.FAMILY, environment, family, family.clusters, shared, documents
    )


def _facts(
    fleet: Fleet, environment: Environment, family: Family, before: Family | None, now: datetime
) -> Json:
    present = {cluster.path for cluster in family.clusters}
    earlier = before.clusters if before else ()
    versions = {value_at(v, ("version",)) for c in (*family.clusters, *earlier) for v in c.variants}
    return {
        "family": _without_defaults(family),
        "family_before": _without_defaults(before) if before else None,
        "removed": [{"name": c.name, "old": c.effective} for c in earlier if c.path not in present],
        "locks": {
            version: value_at(lock.value, ("spec",), {})
            for version, lock in family.locks.items()
            if version in versions
        },
        "quarantine": in_force(fleet, family.environment, family.name),
        "rollout": rollout_facts(family, now),
        "freezes": freezes_in_force(environment, family.name, moved_at(family, now)),
    }


def _without_defaults(family: Family) -> Json:
    spec = {key: value for key, value in family.spec.items() if key != "defaults"}
    return {**family.document.value, "spec": spec}


def _document(cluster: Cluster, family: Family, before: Family | None, rendered: Rendered) -> Json:
    was = _predecessor(cluster, family, before)
    own = {"name": cluster.name, "new": cluster.effective}
    if cluster.path in rendered:
        own["rendered"] = rendered[cluster.path]
    if was is not None and was.effective == cluster.effective:
        return {**own, "unchanged": True}
    return {**own, "old": was.effective if was else None}


def _predecessor(cluster: Cluster, family: Family, before: Family | None) -> Cluster | None:
    """The cluster as it was. A renamed one is known by its region, so that it stays no newcomer."""
    if before is None:
        return None
    kept = {other.path for other in family.clusters}
    gone = [c for c in before.clusters if c.region == cluster.region and c.path not in kept]
    same = [c for c in before.clusters if c.path == cluster.path]
    return next(iter([*same, *gone]), None)


def _family_of(fleet: Fleet | None, family: Family) -> Family | None:
    if fleet is None or family.environment not in fleet.environments:
        return None
    return fleet.environments[family.environment].families.get(family.name)
