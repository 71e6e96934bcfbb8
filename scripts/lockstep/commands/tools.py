"""``lockstep tools``: build the programs that Lockstep needs."""

from collections.abc import Callable

from lockstep.model.tool_results import BuiltTool
from lockstep.opa.build import build_opa


def opa(say: Callable[[str], None]) -> BuiltTool:
    """Build the pinned OPA for this user, unless it is there. Raises LockstepError."""
    return build_opa(say)
