"""``lockstep adopt``: the committed state of a family becomes its verified state."""

from lockstep.model.result import OnBranch
from lockstep.transactions.adopt import adopt
from lockstep.transactions.run import RunOptions, move_family, require_reason


def run(options: RunOptions, family: str, reason: str) -> OnBranch:
    """Record the committed specs of a family as they are, and as the state to return to.

    Raises UsageError in the middle of a rollout, and Invalid where ``rendered/`` is stale.
    """
    text = require_reason(reason)
    return move_family(
        options, family, lambda git, state: adopt(git, state, text), reads_branch=True
    )
