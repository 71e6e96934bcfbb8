"""Divergence: specs that are not what the newest record says, and records that are broken.

A weight that was changed by hand passed no gate, and what a broken record said is not known, so
nothing moves forward from such a state.
"""

from dataclasses import dataclass

from lockstep.model.decision import Decision, Variants
from lockstep.model.document import Json
from lockstep.model.fleet import Cluster, Family
from lockstep.rollout.position import newest_decision
from lockstep.spec.ledger import unsettled
from lockstep.text.phrases import list_variants


@dataclass(frozen=True)
class Divergence:
    """A cluster whose variants are not those of the newest record."""

    cluster: str
    file: str
    line: int
    recorded: Variants | None
    found: Variants | None

    @property
    def difference(self) -> str:
        """What is there, and what the record says, in words."""
        found, recorded = list_variants(self.found), list_variants(self.recorded)
        return f"{self.cluster} has {found}, the record says {recorded}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.difference}"


def has_diverged(family: Family) -> bool:
    """Whether its specs differ from its newest record, or one of its records is broken."""
    return bool(unsettled(family) or find_divergences(family))


def find_divergences(family: Family) -> list[Divergence]:
    """How the specs differ from the newest record; empty for a family without a record."""
    decision = newest_decision(family)
    if decision is None:
        return []
    clusters = {cluster.name: cluster for cluster in family.clusters}
    # Both sides: a cluster that was added or removed by hand has passed no gate either.
    names = sorted(clusters.keys() | decision.variants.keys())
    found = (_compare(name, clusters.get(name), decision, family) for name in names)
    return [divergence for divergence in found if divergence]


def _compare(
    name: str, cluster: Cluster | None, decision: Decision, family: Family
) -> Divergence | None:
    recorded = decision.variants.get(name)
    if cluster is None:
        # The cluster's own file is gone, so the finding is at the family's.
        return Divergence(name, family.document.path, 1, recorded, None)
    if recorded is not None and same_variants(recorded, cluster.variants):
        return None
    where = cluster.locate(("spec", "variants"))
    return Divergence(name, where.file, where.line, recorded, cluster.variants)


def same_variants(one: Variants, other: Variants) -> bool:
    """Whether two lists hold the same variants, in whatever order."""
    return _by_name(one) == _by_name(other)


def _by_name(variants: Variants) -> list[Json]:
    # In a record that does not fit its schema a name may be missing, or not be a string.
    return sorted(variants, key=lambda v: str(v.get("name")))
