"""``lockstep drift``: where live clusters and the registry differ from the followed branch."""

from pathlib import Path

from lockstep.check.drift import DriftRequest, compare_live
from lockstep.check.followed import find_shown
from lockstep.edges.git import Git
from lockstep.model.drift import DriftReport
from lockstep.model.errors import UsageError


def run(root: Path, remote: str | None, asked: DriftRequest, *, fetch: bool = True) -> DriftReport:
    """Compare what the followed branch says with what is live.

    Without ``fetch`` no remote is asked: the branch is compared as it was last fetched.
    Raises UsageError where it is not clear which branch that is, and as ``compare_live`` does.
    """
    asked.access.check()
    git = Git.find(root)
    shown = find_shown(git, remote, fetch=fetch)
    if shown.commit is None:
        raise UsageError(
            f"drift compares the branch that Argo CD follows, and not {shown.words}",
            fix="commit lockstep.yaml, or name the remote with --remote",
        )
    return compare_live(git, shown.commit, shown.words, asked)
