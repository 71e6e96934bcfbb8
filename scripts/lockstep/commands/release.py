"""``lockstep release``: end the quarantine of one version, by name and with a reason."""

from lockstep.model.result import OnBranch
from lockstep.transactions.release import release
from lockstep.transactions.run import RunOptions, move_family, require_reason


def run(options: RunOptions, family: str, version: str, reason: str) -> OnBranch:
    """Release a version in this environment. Raises UsageError where it is not in quarantine."""
    text = require_reason(reason)
    return move_family(
        options, family, lambda git, state: release(git, state, version, text), reads_branch=True
    )
