"""``lockstep propose``: a registered version becomes the candidate, on a branch to be merged."""

from lockstep.model.result import Proposed, Waiting
from lockstep.transactions.propose import ProposalRequest, propose
from lockstep.transactions.run import RunOptions


def run(options: RunOptions, request: ProposalRequest) -> Proposed | Waiting:
    """Commit candidate, lock, manifests and record on a new branch; nothing else moves.

    The gates that a proposal has to pass are asked first: unless all pass, nothing is committed.
    Raises Denied with the reason where the version may not be proposed.
    """
    return propose(options, request)
