"""The input of the rules: each cluster, family and environment with the facts about it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.policy.items import (
    NO_MALFORMED,
    MalformedClusters,
    PolicyItem,
    RenderedObjects,
    Shared,
)
from lockstep.policy.renames import clusters_before, environment_before, family_before
from lockstep.policy.rules import Scope
from lockstep.rollout.facts import moved_at, rollout_facts
from lockstep.rollout.quarantine import in_force
from lockstep.spec.freezes import freezes_in_force


def environment_input(
    fleet: Fleet, old: Fleet | None, environment: Environment, summary: Json
) -> PolicyItem:
    """The item for a whole environment: what its tenants claim and spend, by its ``summary``.

    The families of ``environment`` are those that a finding may point into.
    """
    clusters = tuple(c for family in environment.families.values() for c in family.clusters)
    was = environment_before(fleet, old, environment)
    shared = _shared(environment, was, None)
    path = environment.document.path
    return PolicyItem(path, Scope.ENVIRONMENT, environment, None, clusters, shared, summary=summary)


def _shared(environment: Environment, before: Environment | None, facts: Json) -> Shared:
    return Shared(environment.document.value, before.document.value if before else None, facts)


def family_inputs(
    fleet: Fleet,
    old: Fleet | None,
    family: Family,
    now: datetime,
    rendered: RenderedObjects,
    malformed: MalformedClusters = NO_MALFORMED,
    quarantine: list[Json] | None = None,
    predecessor: Json = None,
) -> Iterator[PolicyItem]:
    """The items for one family of ``fleet``: one for each cluster, and one for the family.

    ``quarantine`` are the entries that bind it; None where ``fleet`` and ``old`` hold all families.
    ``predecessor`` is the environment before its own, with the digests that it has verified of the
    family; None where that has no such family.
    """
    environment = fleet.environments[family.environment]
    before = family_before(fleet, old, family)
    was = environment_before(fleet, old, environment)
    # They have no item of their own, and must not look removed or diverged to the others.
    whole = replace(family, clusters=(*family.clusters, *malformed.before))
    past = clusters_before(whole, before)
    documents = {c.path: _document(c, past.get(c.path), rendered) for c in family.clusters}
    facts = _facts(whole, before, now)
    if quarantine is None:
        quarantine = _quarantine(fleet, old, family, before)
    facts["quarantine"] = quarantine
    facts["predecessor"] = predecessor
    facts["freezes"] = _freezes(environment, was, family, before, now)
    facts["complete"] = malformed.complete
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
    """The freezes in force. One that the change removes still applies to what the change moves."""
    # Not now: a freeze that begins later must not deny what has moved before it.
    moment = moved_at(family, now)
    earlier = freezes_in_force(was, before.name, moment) if was and before else []
    return with_earlier(freezes_in_force(environment, family.name, moment), earlier)


def _quarantine(
    fleet: Fleet, old: Fleet | None, family: Family, before: Family | None
) -> list[Json]:
    """The entries in force. Renaming a family does not drop the entries of the old name."""
    held = in_force(fleet, family.environment, family.name)
    if old and before and before.folder != family.folder:
        return with_earlier(held, in_force(old, before.environment, before.name))
    return held


def with_earlier(held: list[Json], earlier: list[Json]) -> list[Json]:
    """Entries with those from before the change that it does not have any more."""
    return held + [each for each in earlier if each not in held]


def _facts(family: Family, before: Family | None, now: datetime) -> Json:
    present = {cluster.path for cluster in family.clusters}
    earlier = before.clusters if before else ()
    versions = {value_at(v, ("version",)) for c in (*family.clusters, *earlier) for v in c.variants}
    return {
        "family": _without_defaults(family),
        "family_before": _without_defaults(before) if before else None,
        "variants_before": [c.variants for c in earlier],
        "removed": [{"name": c.name, "old": c.effective} for c in earlier if c.path not in present],
        # Only those in use, before or after: the locks of older versions stay in the repository.
        "locks": {
            version: value_at(lock.value, ("spec",), {})
            for version, lock in family.locks.items()
            if version in versions
        },
        "rollout": rollout_facts(family, now),
    }


def _without_defaults(family: Family) -> Json:
    spec: Json = family.spec  # before the change it may be anything
    if isinstance(spec, dict):
        # Rules see the defaults in the effective spec of each cluster already.
        spec = {key: value for key, value in spec.items() if key != "defaults"}
    return {**family.document.value, "spec": spec}


def _document(cluster: Cluster, was: Cluster | None, rendered: RenderedObjects) -> Json:
    own = {"name": cluster.name, "new": cluster.effective}
    if cluster.path in rendered:
        own["rendered"] = rendered[cluster.path]
    # Most clusters of a change are as before: sending them twice would double the request.
    if was is not None and was.effective == cluster.effective:
        return {**own, "unchanged": True}
    return {**own, "old": was.effective if was else None}
