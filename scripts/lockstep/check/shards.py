"""Which shard of a check evaluates a family, and which one reports a finding."""

from collections.abc import Hashable, Iterator
from dataclasses import replace

from lockstep.model.document import value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet
from lockstep.model.outcome import UNUSED_WAIVER
from lockstep.model.shard import Shard

_OF_FAMILIES = ("clusters", "ledger")


class ShardScope:
    """The part of a fleet that one shard of a check looks after.

    A finding is reported by the shard of the family whose file it is in, so that each is reported
    once. What belongs to no family (an environment, a rule, a waiver) is the first shard's.
    """

    def __init__(self, fleet: Fleet, shard: Shard) -> None:
        self._shard = shard
        self._families = {
            (cluster.environment, cluster.name): cluster.family for cluster in fleet.clusters()
        }

    def owns(self, family: Family) -> bool:
        """Whether this shard evaluates the family."""
        return self._shard.owns(f"{family.environment}/{family.name}")

    def part(self, fleet: Fleet) -> Fleet:
        """The fleet with the families of this shard only."""
        return Fleet(
            {
                name: replace(
                    environment,
                    families={n: f for n, f in environment.families.items() if self.owns(f)},
                )
                for name, environment in fleet.environments.items()
            }
        )

    def neighbours(self, fleet: Fleet) -> tuple[Family, ...]:
        """The families of other shards that may write the same objects as one of this shard.

        Objects are in a namespace, a VirtualService has one host, and folders and Applications
        are named by environment and cluster: families that share none of these cannot collide.
        """
        taken = {claim for f in fleet.families() if self.owns(f) for claim in _claims(f)}
        others = (family for family in fleet.families() if not self.owns(family))
        return tuple(family for family in others if not taken.isdisjoint(_claims(family)))

    def reports(self, finding: Finding) -> bool:
        """Whether this shard reports the finding.

        Each shard reports a waiver that it does not use; merge-reports keeps those that no shard
        uses.
        """
        if finding.rule == UNUSED_WAIVER:
            return True
        key = self._key(finding.file)
        return self._shard.owns(key) if key else self._shard.index == 1

    def _key(self, path: str) -> str:
        """``environment/family`` of a file's family; empty where it belongs to none."""
        top, *below = path.split("/")
        if top in _OF_FAMILIES and len(below) > 2:
            return f"{below[0]}/{below[1]}"
        if top == "rendered" and len(below) > 2 and below[1] == "clusters":
            family = self._families.get((below[0], below[2]))
            return f"{below[0]}/{family}" if family else ""
        return ""


def _claims(family: Family) -> Iterator[Hashable]:
    """What a family's objects are named by (see neighbours)."""
    for cluster in family.clusters:
        spec = value_at(cluster.effective, ("spec",), {})
        yield "name", f"{cluster.environment}-{cluster.name}"
        yield "host", value_at(spec, ("host",))
        yield "namespace", value_at(spec, ("namespace",))
