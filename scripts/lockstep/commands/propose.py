"""``lockstep propose``: a registered version becomes the candidate, on a branch to be merged."""

from lockstep.model.result import OnBranch
from lockstep.transactions.dry_proposal import rehearse
from lockstep.transactions.propose import ProposalRequest, propose
from lockstep.transactions.run import RunOptions, open_run


def run(options: RunOptions, request: ProposalRequest) -> OnBranch:
    """Commit candidate, lock, manifests and record on a branch; nothing else moves.

    The gates that a proposal has to pass are asked first: unless all pass, nothing is committed.
    A dry run commits nothing at all, and gives everything that the version lacks. Raises Denied
    with the reason where the version may not be proposed.
    """
    with open_run(options) as opened:
        decide = rehearse if options.dry_run else propose
        return opened.finish(decide(opened, request))
