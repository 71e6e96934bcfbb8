"""The table of dangers, the worst first. A further one is its function and a line here."""

from lockstep.differences.dangers.capacity import NO_CAPACITY
from lockstep.differences.dangers.delivery import ARGOCD_SOURCE
from lockstep.differences.dangers.immutable import IMMUTABLE_FIELD
from lockstep.differences.dangers.privileges import PRIVILEGES
from lockstep.differences.dangers.removals import PRODUCTION_DELETION, RENAMED_SERVICE
from lockstep.differences.dangers.restarts import RESTART
from lockstep.differences.dangers.rules import RULE_OFF

DANGERS = (
    IMMUTABLE_FIELD,
    PRODUCTION_DELETION,
    NO_CAPACITY,
    RENAMED_SERVICE,
    PRIVILEGES,
    ARGOCD_SOURCE,
    RULE_OFF,
    RESTART,
)
