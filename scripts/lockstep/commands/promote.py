"""``lockstep promote``: what one environment has verified becomes the candidate of the next."""

from dataclasses import replace

from lockstep.model.result import OnBranch
from lockstep.transactions.promote import promote, promote_all
from lockstep.transactions.promotion_plan import PromotionRequest
from lockstep.transactions.run import RunOptions, open_run


def run(options: RunOptions, request: PromotionRequest) -> OnBranch:
    """Propose the verified version of the predecessor; without a family, all that are due.

    See promote and promote_all: the first raises for what it refuses, of the second each refusal is
    the result of its family.
    """
    with open_run(options) as opened:
        if request.family is None:
            done = opened.finish(*promote_all(opened, request))
            return replace(done, waiting_is_clean=request.waiting_is_clean)
        return opened.finish(promote(opened, request))
