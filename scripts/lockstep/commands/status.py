"""``lockstep status``: what every cluster serves, and how far each rollout is."""

from datetime import datetime
from pathlib import Path

from lockstep.check.fleet_status import fleet_status
from lockstep.check.followed import FETCH_SECONDS, Followed, Shown, find_shown
from lockstep.edges.git import Git
from lockstep.model.file_results import Status
from lockstep.model.fleet import Family
from lockstep.model.side_by_side import OpenProposal
from lockstep.transactions.branches import open_proposals


def run(
    root: Path,
    now: datetime,
    family: str | None,
    environment: str | None,
    remote: str | None = None,
    *,
    work_tree: bool = False,
    fetch: bool = True,
) -> Status:
    """The state of each family of the followed branch; with ``work_tree``, of the work tree.

    Without ``fetch`` no server is asked: the branch is shown as it was last fetched.
    """
    git = Git.find(root)
    shown = find_shown(git, remote, work_tree=work_tree, fetch=fetch)

    def proposals(of: Family) -> tuple[OpenProposal, ...]:
        return _open_proposals(git, shown, of)

    return fleet_status(git, shown, now, family, environment, proposals)


def _open_proposals(git: Git, shown: Shown, family: Family) -> tuple[OpenProposal, ...]:
    """What waits on branches to be merged; nothing where the remote is not to be asked."""
    tree = shown.tree
    if shown.commit is None or (tree.remote and not tree.fetched):
        return ()
    remote = next((each for each in git.remotes() if each.name == tree.remote), None)
    followed = Followed(tree.branch, remote, shown.commit)
    found = open_proposals(git.within(FETCH_SECONDS), followed, family)
    return tuple(
        OpenProposal(branch, each.target.version, each.target.digest)
        for branch, each in found.items()
    )
