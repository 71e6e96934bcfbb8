"""``lockstep hold``: a rollout stays where it is until people resume it."""

from lockstep.model.result import Report
from lockstep.transactions.hold import hold
from lockstep.transactions.run import (
    Steering,
    require_reason,
    steer,
)


def run(steering: Steering, family: str, reason: str) -> Report:
    """Enter a hold by hand. Raises UsageError where no rollout is running."""
    text = require_reason(reason)
    return steer(steering, family, lambda git, state: hold(git, state, text), rollback=True)
