"""One repository: what is checked out and published, and how a new commit becomes visible.

A commit is made without the index, and becomes visible in one step: by a push that the server
accepts or refuses as a whole, or by a fast-forward. A run that is killed before has changed
nothing.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from lockstep.edges.git.history import GitHistory
from lockstep.edges.git.objects import SUBMODULE, submodule_error
from lockstep.model.errors import LockstepError, UsageError
from lockstep.text.sanitise import last_part, one_line, record_line

_FULL_NAME = re.compile("[0-9a-f]{40}|[0-9a-f]{64}|refs/.*", re.DOTALL)
_NAMESPACES = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
# What git, and servers, say when a branch has moved on since the fetch.
_RACES = ("[rejected]", "cannot lock ref", "failed to update ref", "incorrect old value")


class Raced(LockstepError):
    """Another commit was published first: fetch, and decide again on the new head."""


class Git(GitHistory):
    """One repository: its branches, its remote, its history."""

    @classmethod
    def find(cls, folder: Path) -> "Git":
        """The repository that holds ``folder``. Raises UsageError where there is none."""
        done = cls(folder)._run("rev-parse", "--show-toplevel")
        if done.returncode:
            raise UsageError(
                "this is not a git repository",
                where=str(folder),
                fix="run lockstep inside a clone of your fleet's repository, or give --root",
            )
        return cls(Path(os.fsdecode(done.stdout.rstrip(b"\n"))))

    def resolve(self, reference: str) -> str | None:
        """The commit that a reference names, or None.

        A reference comes from a user or a CI variable: ``--end-of-options`` here, and below, keeps
        git from reading ``--something`` as an option.
        """
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options",
                         f"{reference}^{{commit}}")  # fmt: skip
        commit = done.stdout.decode().strip()
        return commit if commit.isalnum() else None  # a range such as a..b gives several lines

    def possible_commits(self, reference: str) -> set[str]:
        """The commits that a reference may name: a tag, a branch and a remote branch may share it.

        git alone would silently prefer the tag. Full names and ids mean one thing.
        """
        if _FULL_NAME.fullmatch(reference):
            return set(filter(None, [self.resolve(reference)]))
        names = [reference, *(f"{space}{reference}" for space in _NAMESPACES)]
        return set(filter(None, map(self.resolve, [*names, f"refs/remotes/{reference}/HEAD"])))

    def refuse_submodules(self, folders: Sequence[str]) -> None:
        """Raise Invalid where the index has a submodule below one of the folders."""
        out = self._output("ls-files", "--stage", "--full-name", "-z", "--", *folders)
        for entry in out.split(b"\0")[:-1]:
            facts, _, path = entry.partition(b"\t")
            if facts.startswith(SUBMODULE):
                raise submodule_error(os.fsdecode(path))

    def branch(self) -> str:
        """The checked-out branch. Raises UsageError when HEAD is detached."""
        done = self._run("symbolic-ref", "--quiet", "--short", "HEAD")
        if done.returncode:
            raise UsageError("HEAD is not on a branch", fix="git switch to the branch to work on")
        return os.fsdecode(done.stdout).strip()

    def remote(self, branch: str) -> str | None:
        """The remote that a branch follows; ``origin`` where it names none; None without one."""
        named = self._run("config", "--get", f"branch.{branch}.remote").stdout
        names = os.fsdecode(self._run("remote").stdout).split()
        wanted = os.fsdecode(named).strip() or "origin"
        # A branch may follow a local branch (.) or a URL, which are not remotes.
        return wanted if wanted in names else None

    def actor(self) -> str:
        """The committer as git knows it: ``name <email>``. Raises LockstepError without one.

        On one printable line, because it is written to commit messages and records.
        """
        done = self._run("var", "GIT_COMMITTER_IDENT")
        if done.returncode:
            fix = "set user.name and user.email with git config, or GIT_COMMITTER_NAME and _EMAIL"
            raise LockstepError(
                "git has no name and e-mail address for the author of commits", fix=fix
            )
        # After the address come a time and a zone.
        return record_line(done.stdout.decode(errors="replace").rsplit(">", 1)[0] + ">")

    def changes(self) -> list[str]:
        """Paths that differ from HEAD in the index or the work tree, untracked ones included.

        Each option is given, so that the user's configuration of git status cannot hide a file.
        """
        out = self._output("status", "--porcelain", "-z", "--no-renames",
                       "--untracked-files=normal").decode(errors="replace")  # fmt: skip
        return [entry[3:] for entry in out.split("\0") if entry]

    def fetch(self, remote: str, branch: str) -> str | None:
        """Fetch one branch; its commit, or None where the remote does not have it.

        The refspec is written out, so that it does not depend on the clone's configuration. Without
        tags, because a tag of the remote could have the name of a branch.
        """
        done = self._run("fetch", "--quiet", "--no-tags", "--end-of-options", remote,
                         # With +, because a branch that was rewritten must be seen as it is now.
                         f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}")  # fmt: skip
        if done.returncode and "couldn't find remote ref" in done.error_text:
            return None
        if done.returncode:
            fix = "check the network and your credentials, then run it again"
            raise LockstepError(f"git fetch from {remote} failed: {done.error_text}", fix=fix)
        return self.resolve(f"refs/remotes/{remote}/{branch}")

    def fetch_commit(self, remote: str, commit: str) -> bool:
        """Fetch one commit with its files; whether the remote gave it.

        Only a shallow clone fetches without history: ``--depth`` would make a whole one shallow.
        """
        depth = ["--depth=1"] if self.is_shallow() else []
        done = self._run("fetch", "--quiet", "--no-tags", *depth, "--end-of-options",
                         remote, commit)  # fmt: skip
        return done.returncode == 0

    def create_branch(self, name: str, commit: str) -> None:
        """Point a new branch at a commit. Raises Raced where the branch exists already."""
        # With zeros for the old value git fails where the branch exists, and overwrites nothing.
        done = self._run("update-ref", f"refs/heads/{name}", commit, "0" * 40)
        if done.returncode and self.resolve(f"refs/heads/{name}"):
            raise Raced(f"the branch {name} exists already", fix=f"git branch -D {name}, or use it")
        if done.returncode:
            said = last_part(done.error_text, 300)
            fix = "fix what git reports, then run it again"
            raise LockstepError(f"git cannot make the branch {name}: {said}", fix=fix)

    def push(self, remote: str, commit: str, branch: str) -> None:
        """Publish a commit as the new tip of a branch, never by force.

        Raises Raced where the branch has moved on, LockstepError where the push was refused.
        """
        done = self._run("push", "--porcelain", "--end-of-options", remote,
                         f"{commit}:refs/heads/{branch}")  # fmt: skip
        if not done.returncode:
            return
        said = done.stdout.decode(errors="replace") + done.error_text
        # A hook may print anything, those words too; git itself says that one has declined.
        if any(word in said for word in _RACES) and "hook declined" not in said:
            raise Raced(f"{remote} has moved on: another push changed {branch} first",
                        fix="run it again: it decides on the new commit")  # fmt: skip
        fix = "check that you may push to the branch, then run it again"
        said = last_part(said.strip(), 500)
        raise LockstepError(f"git push to {remote} was refused: {said}", fix=fix)

    def fast_forward(self, commit: str) -> None:
        """Move the checked-out branch and its files to a descendant of HEAD.

        Raises Raced where HEAD is not an ancestor of the commit: it has moved meanwhile. Without
        hooks: the commit is checked, and may be published already.
        """
        done = self._run("merge", "--quiet", "--ff-only", "--no-verify", "--end-of-options", commit)
        if done.returncode:
            said = one_line(done.error_text.strip().split("\n")[0], 300)
            raise Raced(
                f"the checked-out branch could not be moved forward: {said}", fix="git pull"
            )

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether ``older`` is reachable from ``newer``."""
        # A commit that a shallow clone lacks is an error of git's, and reads as no ancestor.
        return self._run("merge-base", "--is-ancestor", older, newer).returncode == 0
