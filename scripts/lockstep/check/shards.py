"""Which shard of a check evaluates a family, and which one reports a finding."""

from lockstep.check.units import Unit, unit_of
from lockstep.model.finding import Finding
from lockstep.model.outcome import UNUSED_WAIVER
from lockstep.model.shard import Shard


def owns(shard: Shard, unit: Unit) -> bool:
    """Whether a shard evaluates a family, and reports what that finds."""
    return shard.owns("/".join(unit))


def reports(shard: Shard, finding: Finding) -> bool:
    """Whether a shard reports a finding that spans families, so that each is reported once.

    That is the shard of the family whose file it is in; what belongs to no family (an environment,
    a rule, a waiver) is the first shard's. Each shard reports a waiver that it does not use;
    merge-reports keeps those that no shard uses.
    """
    if finding.rule == UNUSED_WAIVER:
        return True
    unit = unit_of(finding.file)
    return owns(shard, unit) if unit else shard.index == 1
