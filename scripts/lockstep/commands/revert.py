"""``lockstep revert``: roll the newest version back by hand, in every cluster of the family."""

from lockstep.model.result import OnBranch
from lockstep.transactions.rollback import revert
from lockstep.transactions.run import RunOptions, move_family, require_reason


def run(options: RunOptions, family: str, reason: str) -> OnBranch:
    """Return to the newest verified state without the version at fault, which is quarantined.

    Inside a rollout that version is the candidate; outside of one it is the version that
    serves. Works on a family that has diverged. Freezes never block it.
    """
    text = require_reason(reason)
    return move_family(
        options, family, lambda git, state: revert(git, options, state, text), rollback=True
    )
