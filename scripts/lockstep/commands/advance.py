"""``lockstep advance``: make the one decision that is due in each family."""

from collections.abc import Sequence

from lockstep.model.result import OnBranch
from lockstep.transactions.advance import advance_families
from lockstep.transactions.run import RunOptions, open_run


def run(options: RunOptions, families: Sequence[str]) -> OnBranch:
    """Advance each family (all of the followed branch where none is named), rollbacks first."""
    with open_run(options) as opened:
        return opened.finish(*advance_families(opened, families))
