"""``lockstep hold``: pause a rollout until people resume it."""

from lockstep.model.result import OnBranch
from lockstep.transactions.hold import hold_by_hand
from lockstep.transactions.run import RunOptions, move_family, require_reason


def run(options: RunOptions, family: str, reason: str) -> OnBranch:
    """Enter a hold by hand. Raises UsageError where no rollout is running."""
    text = require_reason(reason)
    # As a rollback: a hold moves nothing forward, so mistakes that only stop that do not matter.
    return move_family(
        options, family, lambda git, state: hold_by_hand(git, state, text), rollback=True
    )
