"""``lockstep status``: what every cluster serves, by its specs and its ledger."""

from datetime import datetime
from pathlib import Path

from lockstep.check.followed import find_shown
from lockstep.check.validation import validate_tree, without_malformed
from lockstep.check.workspace import SOURCES, require_clusters, with_shipped
from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.file_results import Status
from lockstep.rollout.chain import judged
from lockstep.rollout.state_words import status_of
from lockstep.spec.selection import choose_families


def run(
    root: Path,
    now: datetime,
    family: str | None,
    environment: str | None,
    remote: str | None = None,
    *,
    work_tree: bool = False,
) -> Status:
    """A row for each cluster of the followed branch, and the findings about files without one.

    With ``work_tree``, of the work tree instead.
    """
    git = Git.find(root)
    shown = find_shown(git, remote, work_tree=work_tree)
    tree = with_shipped(shown.read(git, SOURCES))
    require_clusters(tree)
    checked = validate_tree(tree)
    fleet = without_malformed(checked)
    history = LedgerReader(git).at(shown.commit or "HEAD")
    # From all families: a malformed one must not be reported as a name that does not exist.
    chosen = {f.folder for f in choose_families(checked.fleet, family, environment)}
    families = (each for each in fleet.families() if each.folder in chosen)
    rows = tuple(row for each in families for row in status_of(fleet, judged(each, history), now))
    return Status(rows, checked.invalid, shown.words)
