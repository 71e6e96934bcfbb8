"""``lockstep propose``: a registered version becomes the candidate, on a branch to be merged."""

from lockstep.model.result import OnBranch
from lockstep.transactions.propose import ProposalRequest, propose
from lockstep.transactions.run import RunOptions, open_run


def run(options: RunOptions, request: ProposalRequest) -> OnBranch:
    """Commit candidate, lock, manifests and record on a branch; nothing else moves.

    The gates that a proposal has to pass are asked first: unless all pass, nothing is committed.
    Raises Denied with the reason where the version may not be proposed.
    """
    with open_run(options) as opened:
        return opened.finish(propose(opened, request))
