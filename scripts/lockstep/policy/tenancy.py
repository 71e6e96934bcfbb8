"""What rules of scope environment see: a summary of the families and clusters of one."""

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment, Family, Fleet

OF_TENANTS = (
    "region", "namespace", "host", "serving", "variants", "access", "cost", "features",
    "experiments",
)  # fmt: skip
"""What they see of the spec of a cluster: what costs, claims a name or feeds others."""


def tenancy_of(environment: Environment, fleet: Fleet) -> Json:
    """``families`` with tenant, owner and datasets, and ``clusters`` with a part of their spec.

    ``elsewhere`` tells the identities of the clusters of all other environments of ``fleet``.
    """
    return {
        "families": [_family(family) for family in environment.families.values()],
        "clusters": [
            {
                "name": cluster.name,
                "family": family.name,
                "tenant": _metadata(family)["tenant"],
                "spec": {k: v for k, v in cluster.effective["spec"].items() if k in OF_TENANTS},
            }
            for family in environment.families.values()
            for cluster in family.clusters
        ],
        "elsewhere": [
            {"environment": cluster.environment, "name": cluster.name, "principal": principal}
            for cluster in fleet.clusters()
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
    """What each version in use was trained on and measured with, as its lock tells it."""
    versions = {value_at(v, ("version",)) for c in family.clusters for v in c.variants}
    pointer = ("spec", "facts", "datasets")
    return {v: value_at(k.value, pointer, []) for v, k in family.locks.items() if v in versions}
