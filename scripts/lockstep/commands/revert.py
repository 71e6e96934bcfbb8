"""``lockstep revert``: roll a version back by hand, in every cluster of the family."""

from lockstep.model.result import OnBranch
from lockstep.transactions.revert import revert
from lockstep.transactions.run import RunOptions, move_family, require_reason


def run(options: RunOptions, family: str, version: str | None, reason: str) -> OnBranch:
    """Return to the verified state without the version at fault, which is quarantined.

    Without ``version`` that is the candidate of the rollout; outside of a rollout a version must
    be named. Works on a family that has diverged. Freezes never block it.
    """
    text = require_reason(reason)
    return move_family(
        options,
        family,
        lambda git, state: revert(git, options, state, version, text),
        rollback=True,
    )
