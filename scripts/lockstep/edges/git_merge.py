"""git's merge of two commits without touching the work tree: what a pull request would become."""

import os
from collections.abc import Mapping

from lockstep.edges.git_objects import GitObjects
from lockstep.model.errors import LockstepError

_NOBODY = {
    f"GIT_{role}_{fact}": value
    for role in ("AUTHOR", "COMMITTER")
    for fact, value in (
        ("NAME", "lockstep"), ("EMAIL", "lockstep@example.com"), ("DATE", "2000-01-01T00:00:00Z"),
    )
}  # fmt: skip


class GitMerge(GitObjects):
    """Merges commits of one repository; nothing that it makes is named by a branch."""

    def merge(self, ours: str, theirs: str) -> str:
        """The tree of the merge of two commits.

        Raises LockstepError where they conflict, naming the files, or share no history here.
        """
        done = self._run("merge-tree", "--write-tree", "--name-only", "-z", "--no-messages",
                         ours, theirs)  # fmt: skip
        tree, *conflicts = os.fsdecode(done.stdout).rstrip("\0").split("\0")
        if done.returncode == 0:
            return tree
        if done.returncode == 1:
            files = ", ".join(sorted(set(filter(None, conflicts))))[:500]
            raise LockstepError(
                f"the change does not merge with its base; in conflict: {files}",
                fix="merge the base into your branch, then run it again",
            )
        raise LockstepError(
            f"git cannot merge the change with its base: {done.complaint[-300:]}",
            fix="fetch the history of both, for example with fetch-depth: 0",
        )

    def snapshot(self, parent: str, changes: Mapping[str, bytes | None]) -> str:
        """A commit, by nobody, of ``parent`` with files written, or deleted where None."""
        tree = self.write_tree(parent, changes)
        made = self._ok("commit-tree", "-p", parent, "-F", "-", tree, stdin=b"", env=_NOBODY)
        return made.decode().strip()
