"""The input of rules of scope environment: a summary of its families and clusters.

A summary, because an environment may have thousands of clusters: it holds only what these rules
read. policies/main.rego calls it the tenancy of the environment.
"""

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment, Family, Fleet

SUMMARY_FIELDS = (
    "region", "namespace", "host", "serving", "variants", "access", "cost", "features",
    "experiments",
)  # fmt: skip
"""The fields of a cluster's spec in the summary: costs, claims of names, data for others."""


def summary_of(environment: Environment, fleet: Fleet) -> Json:
    """``families`` with tenant, owner and datasets, ``clusters`` with a part of their spec.

    ``elsewhere`` lists the identities of the clusters in all other environments of ``fleet``.
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
        "elsewhere": [
            {"environment": cluster.environment, "name": cluster.name, "principal": principal}
            for cluster in fleet.clusters()
            # Only identities: whole clusters of other environments would be too much to send.
            if cluster.environment != environment.name
            and (principal := value_at(cluster.effective, _PRINCIPAL)) is not None
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
