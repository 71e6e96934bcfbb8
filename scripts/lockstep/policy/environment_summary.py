"""The input of rules of scope environment: a summary of its families and clusters.

A summary, because an environment may have thousands of clusters: it holds only what these rules
read. policies/main.rego calls it the tenancy of the environment.
"""

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet

SUMMARY_FIELDS = (
    "region", "namespace", "host", "serving", "variants", "access", "cost", "features",
    "experiments",
)  # fmt: skip
"""The fields of a cluster's spec in the summary: costs, claims of names, data for others."""


def summary_of(environment: Environment, fleet: Fleet) -> Json:
    """``families`` with tenant, owner and datasets, ``clusters`` with a part of their spec.

    ``elsewhere`` lists the clusters of other environments of ``fleet`` that have an identity of a
    cluster of this one.
    """
    return {
        "families": [_family(family) for family in environment.families.values()],
        "clusters": [
            {
                "name": cluster.name,
                "family": family.name,
                "tenant": _metadata(family)["tenant"],
                "spec": {k: v for k, v in cluster.effective["spec"].items() if k in SUMMARY_FIELDS},
            }
            for family in environment.families.values()
            for cluster in family.clusters
        ],
        "elsewhere": _elsewhere(environment, fleet),
    }


_PRINCIPAL = ("spec", "access", "identity", "principal")
_MOST = 50
"""Clusters elsewhere of one identity: a finding names no more (policies/lib/finding.rego)."""


def _elsewhere(environment: Environment, fleet: Fleet) -> list[Json]:
    # Only shared identities, and few of each: all identities of all other environments, for each
    # environment, would grow with the square of their number.
    users: dict[str, list[Json]] = {
        _folded(principal): []
        for family in environment.families.values()
        for cluster in family.clusters
        if (principal := _principal(cluster)) is not None
    }
    for cluster in fleet.clusters() if users else ():
        principal = _principal(cluster)
        if cluster.environment == environment.name or principal is None:
            continue
        if (known := users.get(_folded(principal))) is not None:
            where = {"environment": cluster.environment, "name": cluster.name}
            known.append({**where, "principal": principal})
    # The first environments by name, because only in later ones a shared identity is reported.
    return [user for each in users.values() for user in sorted(each, key=_by_name)[:_MOST]]


def _by_name(user: Json) -> tuple[str, str]:
    return user["environment"], user["name"]


def _principal(cluster: Cluster) -> str | None:
    principal = value_at(cluster.effective, _PRINCIPAL)
    return principal if isinstance(principal, str) else None


def _folded(principal: str) -> str:
    """In lower case as Rego's ``lower`` has it, which never makes two characters of one."""
    if principal.isascii():
        return principal.lower()
    return "".join(character.lower()[0] for character in principal)


def _family(family: Family) -> Json:
    owned = {key: _metadata(family)[key] for key in ("tenant", "owner")}
    return {"name": family.name, **owned, "datasets": _datasets(family)}


def _metadata(family: Family) -> Json:
    return family.document.value["metadata"]


def _datasets(family: Family) -> Json:
    """The datasets of each version in use, by its lock."""
    versions = {value_at(v, ("version",)) for c in family.clusters for v in c.variants}
    pointer = ("spec", "facts", "datasets")
    return {v: value_at(k.value, pointer, []) for v, k in family.locks.items() if v in versions}
