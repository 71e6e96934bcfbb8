"""``lockstep advance``: make the one decision that is due in each family."""

from collections.abc import Sequence

from lockstep.check.workspace import work_tree
from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError
from lockstep.model.result import Advanced, Failed, Moved
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import choose_families
from lockstep.transactions.advance import advance
from lockstep.transactions.run import RunOptions, move_family


def run(options: RunOptions, families: Sequence[str]) -> Advanced:
    """Advance each family (all of the work tree where none is named), one after the other."""
    return Advanced(tuple(_one(options, each) for each in families or _all_families(options)))


def _one(options: RunOptions, family: str) -> Moved:
    """An error is a result here: what is wrong with one family must not stop the others."""
    try:
        return move_family(options, family, lambda git, state: advance(git, options, state))
    except LockstepError as error:
        text = error.diagnostics()
        return Failed(family, error.located(), text, error.fix, error.exit_code)


def _all_families(options: RunOptions) -> list[str]:
    git = Git.find(options.root)
    fleet, _ = assemble(work_tree(git, ("clusters",)))
    chosen = choose_families(fleet, None, options.environment)
    return [f"{family.environment}/{family.name}" for family in chosen]
