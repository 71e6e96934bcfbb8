"""What the rules get to see: each cluster and each family with the facts around them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.stages.policy_rules import Rule, Scope
from lockstep.stages.quarantine import in_force
from lockstep.stages.rollout import rollout_facts

BATCH_SIZE = 200
"""A request to OPA holds at most so many items: larger ones are not faster, and time out."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all items of one family see, as OPA gets it."""

    environment: Json
    facts: Json


@dataclass(frozen=True, slots=True)
class PolicyItem:
    """One evaluation: a cluster, or a family with all of its clusters.

    ``id`` is the path of the file that declares it. ``documents`` holds each cluster's effective
    document as it is and as it was, by the path of its file.
    """

    id: str
    scope: Scope
    family: Family
    clusters: tuple[Cluster, ...]
    shared: Shared
    documents: Json


def policy_inputs(
    new: Fleet, old: Fleet | None, *, only: tuple[str, str] | None = None
) -> list[PolicyItem]:
    """The items that judge ``new`` and the change from ``old`` (None: there was nothing before).

    ``only`` names one environment and family. Both fleets hold well-formed documents alone: what a
    schema refuses is a finding already, and a rule that misses a value is an error.
    """
    items: list[PolicyItem] = []
    for environment in new.environments.values():
        for family in environment.families.values():
            if only in (None, (environment.name, family.name)):
                before = _family_of(old, environment.name, family.name)
                items += _items(new, environment, family, before)
    return items


def batches(
    items: Sequence[PolicyItem], rules: Sequence[Rule], size: int = BATCH_SIZE
) -> Iterator[Json]:
    """The items in requests of at most ``size``, each holding what its items share once.

    An item of a scope for which ``rules`` has no rule is left out.
    """
    names = {scope: [rule.package for rule in rules if rule.scope is scope] for scope in Scope}
    wanted = [item for item in items if names[item.scope]]
    for start in range(0, len(wanted), size):
        yield _batch(wanted[start : start + size], names)


def _batch(items: Sequence[PolicyItem], names: dict[Scope, list[str]]) -> Json:
    environments: dict[str, Json] = {}
    families: dict[str, Json] = {}
    clusters: dict[str, Json] = {}
    for item in items:
        environments[item.family.environment] = item.shared.environment
        families[item.family.folder] = item.shared.facts
        clusters |= item.documents
    return {
        "rules": {scope.value: packages for scope, packages in names.items()},
        "environments": environments,
        "families": families,
        "clusters": clusters,
        "items": [
            {
                "id": item.id,
                "scope": item.scope.value,
                "environment": item.family.environment,
                "family": item.family.folder,
                "clusters": list(item.documents),
            }
            for item in items
        ],
    }


def _items(
    fleet: Fleet,
    environment: Environment,
    family: Family,
    before: Family | None,
) -> Iterator[PolicyItem]:
    documents = {c.path: _documents(c, family, before) for c in family.clusters}
    shared = Shared(environment.document.value, _facts(fleet, family))
    for cluster in family.clusters:
        own = {cluster.path: documents[cluster.path]}
        yield PolicyItem(cluster.path, Scope.CLUSTER, family, (cluster,), shared, own)
    yield PolicyItem(family.document.path, Scope.FAMILY, family, family.clusters, shared, documents)


def _facts(fleet: Fleet, family: Family) -> Json:
    versions = {value_at(v, ("version",)) for c in family.clusters for v in c.variants}
    spec = {key: value for key, value in family.spec.items() if key != "defaults"}
    return {
        "family": {**family.document.value, "spec": spec},
        "locks": {
            version: value_at(lock.value, ("spec",), {})
            for version, lock in family.locks.items()
            if version in versions
        },
        "quarantine": in_force(fleet, family.environment, family.name),
        "rollout": rollout_facts(family),
    }


def _documents(cluster: Cluster, family: Family, before: Family | None) -> Json:
    was = _predecessor(cluster, family, before)
    pair = {"name": cluster.name, "new": cluster.effective}
    if was is not None and was.effective == cluster.effective:
        return {**pair, "unchanged": True}
    return {**pair, "old": was.effective if was else None}


def _predecessor(cluster: Cluster, family: Family, before: Family | None) -> Cluster | None:
    """The cluster as it was. A renamed one is known by its region, so that it stays no newcomer."""
    if before is None:
        return None
    kept = {other.path for other in family.clusters}
    gone = [c for c in before.clusters if c.region == cluster.region and c.path not in kept]
    same = [c for c in before.clusters if c.path == cluster.path]
    return next(iter([*same, *gone]), None)


def _family_of(fleet: Fleet | None, environment: str, family: str) -> Family | None:
    if fleet is None or environment not in fleet.environments:
        return None
    return fleet.environments[environment].families.get(family)
