"""``lockstep diff``: what a change does to the manifests, the rules and the settings."""

from pathlib import Path

from lockstep.check.differences import diff_work_tree
from lockstep.edges.git import Git
from lockstep.model.differences import Differences


def run(root: Path, base: str | None) -> Differences:
    """What differs between the base and the merge of the work tree with it, without a cluster.

    Raises UsageError where the base is not a commit, LockstepError where the change does not merge
    with it, and NothingToCheck where no cluster is declared.
    """
    return diff_work_tree(Git.find(root), base)
