"""The input of rules of scope environment: a summary of its families and clusters.

A summary, because an environment may have thousands of clusters: it holds only what these rules
read. policies/main.rego calls it the tenancy of the environment.
"""

from collections.abc import Iterable

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Family

SUMMARY_FIELDS = (
    "region", "namespace", "host", "serving", "variants", "access", "cost", "features",
    "experiments",
)  # fmt: skip
"""The fields of a cluster's spec in the summary: costs, claims of names, data for others."""


def share_of(family: Family) -> Json:
    """What a family adds to the summary of its environment; its documents must be well-formed.

    ``family`` has tenant, owner and datasets, ``clusters`` a part of their spec, ``identities``
    what they run as.
    """
    tenant = _metadata(family)["tenant"]
    return {
        "family": _family(family),
        "clusters": [
            {
                "name": cluster.name,
                "family": family.name,
                "tenant": tenant,
                "spec": {k: v for k, v in cluster.effective["spec"].items() if k in SUMMARY_FIELDS},
            }
            for cluster in family.clusters
        ],
        "identities": [
            {"environment": cluster.environment, "name": cluster.name, "principal": principal}
            for cluster in family.clusters
            if isinstance(principal := value_at(cluster.effective, _PRINCIPAL), str)
        ],
    }


def summary_of(environment: str, shares: Iterable[tuple[str, Json]]) -> Json:
    """The summary of an environment; ``shares`` are those of all families, with the environment.

    ``elsewhere`` lists the clusters of other environments that have an identity of a cluster of
    this one.
    """
    shares = tuple(shares)
    own = [share for home, share in shares if home == environment]
    return {
        "families": [share["family"] for share in own],
        "clusters": [cluster for share in own for cluster in share["clusters"]],
        "elsewhere": _elsewhere(environment, shares),
    }


_PRINCIPAL = ("spec", "access", "identity", "principal")
_MOST = 50
"""Clusters elsewhere of one identity: a finding names no more (policies/lib/finding.rego)."""


def _elsewhere(environment: str, shares: Iterable[tuple[str, Json]]) -> list[Json]:
    # Only shared identities, and few of each: all identities of all other environments, for each
    # environment, would grow with the square of their number.
    users: dict[str, list[Json]] = {}
    others: list[Json] = []
    for home, share in shares:
        if home != environment:
            others += share["identities"]
            continue
        users |= {_folded(each["principal"]): [] for each in share["identities"]}
    for each in others if users else ():
        if (known := users.get(_folded(each["principal"]))) is not None:
            known.append(each)
    # The first environments by name, because only in later ones a shared identity is reported.
    return [user for same in users.values() for user in sorted(same, key=_by_name)[:_MOST]]


def _by_name(user: Json) -> tuple[str, str]:
    return user["environment"], user["name"]


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
