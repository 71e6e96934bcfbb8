"""``lockstep resume``: leave a hold, and bake the step again."""

from lockstep.model.result import OnBranch
from lockstep.transactions.hold import resume
from lockstep.transactions.run import RunOptions, move_family, require_reason


def run(options: RunOptions, family: str, reason: str) -> OnBranch:
    """Leave a hold: the rollout continues at the same step, whose bake starts again."""
    text = require_reason(reason)
    return move_family(options, family, lambda git, state: resume(git, state, text))
