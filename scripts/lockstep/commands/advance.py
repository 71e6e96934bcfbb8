"""``lockstep advance``: make the one decision that is due in each family."""

from lockstep.model.result import Advanced
from lockstep.transactions.advance import AdvanceRequest, advance_families
from lockstep.transactions.run import RunOptions, open_run


def run(options: RunOptions, request: AdvanceRequest) -> Advanced:
    """Advance families of the followed branch, rollbacks first, and say what is left to be made."""
    with open_run(options) as opened:
        done = opened.finish(*advance_families(opened, request))
        return Advanced(
            done.followed, done.results, done.left_behind, waiting_is_clean=request.waiting_is_clean
        )
