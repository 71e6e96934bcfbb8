"""What the rules get to see: each cluster, family and environment with the facts around it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from lockstep.model.clock import format_time
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.stages.freezes import freezes_in_force
from lockstep.stages.policy_past import cluster_before, environment_before, family_before
from lockstep.stages.policy_rules import Scope
from lockstep.stages.policy_tenancy import tenancy_of
from lockstep.stages.quarantine import in_force
from lockstep.stages.rollout import moved_at, rollout_facts

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
    """The clusters of a family that are not judged: their files, and what they were ``before``.

    They are not taken for removed, nor for diverged from the records.
    """

    files: Sequence[str] = ()
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
    items = [tenancy_input(new, old, environment) for environment in new.environments.values()]
    for family in new.families():
        items += family_inputs(new, old, family, now, rendered or {})
    return items


def tenancy_input(fleet: Fleet, old: Fleet | None, environment: Environment) -> PolicyItem:
    """The item that judges a whole environment of ``fleet``: what its tenants claim and spend."""
    clusters = tuple(c for family in environment.families.values() for c in family.clusters)
    was = environment_before(fleet, old, environment)
    shared = _shared(environment, was, None)
    path = environment.document.path
    return PolicyItem(
        path,
        Scope.ENVIRONMENT,
        environment,
        None,
        clusters,
        shared,
        tenancy=tenancy_of(environment, fleet),
    )


def _shared(environment: Environment, before: Environment | None, facts: Json) -> Shared:
    return Shared(environment.document.value, before.document.value if before else None, facts)


def family_inputs(
    fleet: Fleet,
    old: Fleet | None,
    family: Family,
    now: datetime,
    rendered: Rendered,
    malformed: Malformed = NONE_MALFORMED,
) -> Iterator[PolicyItem]:
    """The items that judge one family of ``fleet``: one for each cluster, and one for all."""
    environment = fleet.environments[family.environment]
    before = family_before(fleet, old, family)
    was = environment_before(fleet, old, environment)
    whole = replace(family, clusters=(*family.clusters, *malformed.before))
    documents = {c.path: _document(c, whole, before, rendered) for c in family.clusters}
    facts = _facts(fleet, old, whole, before, now)
    facts["freezes"] = _freezes(environment, was, family, before, now)
    facts["complete"] = not malformed.files
    shared = _shared(environment, was, facts)
    for cluster in family.clusters:
        own = {cluster.path: documents[cluster.path]}
        yield PolicyItem(cluster.path, Scope.CLUSTER, environment, family, (cluster,), shared, own)
    yield PolicyItem(
        family.document.path, Scope.FAMILY, environment, family, family.clusters, shared, documents
    )


def _freezes(
    environment: Environment,
    was: Environment | None,
    family: Family,
    before: Family | None,
    now: datetime,
) -> list[Json]:
    """The freezes in force. One that the change takes away still holds for what it moves."""
    moment = moved_at(family, now)
    held = freezes_in_force(environment, family.name, moment)
    if was and before:
        earlier = freezes_in_force(was, before.name, moment)
        held += [freeze for freeze in earlier if freeze not in held]
    return held


def _quarantine(
    fleet: Fleet, old: Fleet | None, family: Family, before: Family | None
) -> list[Json]:
    """The entries in force. A new name does not leave those of the old one behind."""
    held = in_force(fleet, family.environment, family.name)
    if old and before and before.folder != family.folder:
        earlier = in_force(old, before.environment, before.name)
        held += [entry for entry in earlier if entry not in held]
    return held


def _facts(
    fleet: Fleet, old: Fleet | None, family: Family, before: Family | None, now: datetime
) -> Json:
    present = {cluster.path for cluster in family.clusters}
    earlier = before.clusters if before else ()
    versions = {value_at(v, ("version",)) for c in (*family.clusters, *earlier) for v in c.variants}
    return {
        "family": _without_defaults(family),
        "family_before": _without_defaults(before) if before else None,
        "variants_before": [c.variants for c in earlier],
        "removed": [{"name": c.name, "old": c.effective} for c in earlier if c.path not in present],
        "locks": {
            version: value_at(lock.value, ("spec",), {})
            for version, lock in family.locks.items()
            if version in versions
        },
        "quarantine": _quarantine(fleet, old, family, before),
        "rollout": rollout_facts(family, now),
    }


def _without_defaults(family: Family) -> Json:
    spec: Json = family.spec  # of the past it may be anything
    if isinstance(spec, dict):
        spec = {key: value for key, value in spec.items() if key != "defaults"}
    return {**family.document.value, "spec": spec}


def _document(cluster: Cluster, family: Family, before: Family | None, rendered: Rendered) -> Json:
    was = cluster_before(cluster, family, before)
    own = {"name": cluster.name, "new": cluster.effective}
    if cluster.path in rendered:
        own["rendered"] = rendered[cluster.path]
    if was is not None and was.effective == cluster.effective:
        return {**own, "unchanged": True}
    return {**own, "old": was.effective if was else None}
