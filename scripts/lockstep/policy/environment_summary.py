"""The input of rules of scope environment: a summary of its families and clusters.

A summary, because an environment may have thousands of clusters: it holds only what these rules
read. policies/main.rego calls it the tenancy of the environment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Family

SUMMARY_FIELDS = (
    "region", "namespace", "host", "serving", "variants", "access", "cost", "features",
    "experiments",
)  # fmt: skip
"""The fields of a cluster's spec in the summary: costs, claims of names, data for others."""


def share_of(family: Family) -> Json:
    """What a family adds to the summary of its environment; its documents must be well-formed.

    ``family`` has tenant, owner, datasets and dashboards, ``clusters`` a part of their spec,
    ``identities`` what they run as.
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


def summaries_of(
    environments: Iterable[str], shares: Iterable[tuple[str, Json]]
) -> dict[str, Json]:
    """The summary of each environment; ``shares`` are those of all families, with the environment.

    ``elsewhere`` lists the clusters of other environments that have an identity of a cluster of
    this one.
    """
    own: dict[str, list[Json]] = {}
    users: dict[str, list[Json]] = {}
    for home, share in shares:
        own.setdefault(home, []).append(share)
        for each in share["identities"]:
            users.setdefault(_folded(each["principal"]), []).append(each)
    for same in users.values():
        # The first environments by name: only in later ones a shared identity is reported.
        same.sort(key=lambda user: (user["environment"], user["name"]))
    return {name: _summary(name, own.get(name, []), users) for name in environments}


def _summary(environment: str, shares: Sequence[Json], users: Mapping[str, Sequence[Json]]) -> Json:
    identities = {_folded(each["principal"]) for share in shares for each in share["identities"]}
    return {
        "families": [share["family"] for share in shares],
        "clusters": [cluster for share in shares for cluster in share["clusters"]],
        # Only shared identities, and few of each: all identities of all other environments, for
        # each environment, would grow with the square of their number.
        "elsewhere": [
            each
            for identity in sorted(identities)
            for each in islice(_others(users[identity], environment), _MOST)
        ],
    }


def _others(users: Iterable[Json], environment: str) -> Iterator[Json]:
    return (user for user in users if user["environment"] != environment)


_DASHBOARD = ("spec", "observability", "dashboard")
_PRINCIPAL = ("spec", "access", "identity", "principal")
_MOST = 50
"""Clusters elsewhere of one identity: a finding names no more (policies/lib/finding.rego)."""


def _folded(principal: str) -> str:
    """In lower case as Rego's ``lower`` has it, which never makes two characters of one."""
    if principal.isascii():
        return principal.lower()
    return "".join(character.lower()[0] for character in principal)


def _family(family: Family) -> Json:
    owned = {key: _metadata(family)[key] for key in ("tenant", "owner")}
    return {
        "name": family.name, **owned, "datasets": _datasets(family),
        "dashboards": _dashboards(family),
    }  # fmt: skip


def _dashboards(family: Family) -> dict[str, str]:
    """The first cluster by name for each dashboard that clusters name."""
    named: dict[str, str] = {}
    for cluster in sorted(family.clusters, key=lambda each: each.name):
        uid = value_at(cluster.effective, _DASHBOARD)
        if isinstance(uid, str):
            named.setdefault(uid, cluster.name)
    return named


def _metadata(family: Family) -> Json:
    return family.document.value["metadata"]


def _datasets(family: Family) -> Json:
    """The datasets of each version in use, by its lock."""
    versions = {value_at(v, ("version",)) for c in family.clusters for v in c.variants}
    pointer = ("spec", "facts", "datasets")
    return {v: value_at(k.value, pointer, []) for v, k in family.locks.items() if v in versions}
