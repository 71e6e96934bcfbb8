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
            if (principal := value_at(cluster.effective, _PRINCIPAL)) is not None
        ],
    }


def summary_of(environment: str, shares: Iterable[tuple[str, Json]]) -> Json:
    """The summary of an environment; ``shares`` are those of all families, with the environment.

    ``elsewhere`` lists the identities of the clusters in all other environments: only these,
    because whole clusters would be too much to send.
    """
    shares = tuple(shares)
    own = [share for home, share in shares if home == environment]
    return {
        "families": [share["family"] for share in own],
        "clusters": [cluster for share in own for cluster in share["clusters"]],
        "elsewhere": [
            each for home, share in shares if home != environment for each in share["identities"]
        ],
    }


_PRINCIPAL = ("spec", "access", "identity", "principal")


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
