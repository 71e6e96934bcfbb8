"""``lockstep status``: what every cluster serves, and how far each rollout is."""

from datetime import datetime
from pathlib import Path

from lockstep.check.fleet_status import fleet_status
from lockstep.check.followed import find_shown
from lockstep.edges.git import Git
from lockstep.model.file_results import Status


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
    return fleet_status(git, shown, now, family, environment)
