"""References: what a name means, which branch is checked out, and how a branch moves."""

import os
import re
from pathlib import Path

from lockstep.edges.git.command import GitCommand
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import last_part

_FULL_NAME = re.compile("[0-9a-f]{40}|[0-9a-f]{64}|refs/.*", re.DOTALL)
_NAMESPACES = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")


class Raced(LockstepError):
    """Another commit was published first: read the branch again, and decide on its new tip."""


class GitReferences(GitCommand):
    """The references of one repository."""

    def resolve(self, reference: str) -> str | None:
        """The commit that a reference names, or None.

        A reference comes from a user or a CI variable: ``--end-of-options`` here, and elsewhere,
        keeps git from reading ``--something`` as an option.
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

    def branch(self) -> str | None:
        """The checked-out branch; None where HEAD is detached."""
        done = self._run("symbolic-ref", "--quiet", "HEAD")
        name = os.fsdecode(done.stdout).rstrip("\n")
        return name.removeprefix("refs/heads/") if name.startswith("refs/heads/") else None

    def is_branch_name(self, name: str) -> bool:
        """Whether git accepts the name for a branch."""
        return self._run("check-ref-format", "--branch", name).returncode == 0

    def move_branch(self, name: str, commit: str, expected: str | None) -> None:
        """Point a branch of this clone at a commit, if it is at ``expected`` (None: not there).

        Raises Raced where it is elsewhere, LockstepError for any other refusal.
        """
        known = expected or "0" * len(commit)
        done = self._run("update-ref", f"refs/heads/{name}", commit, known)
        if not done.returncode:
            return
        if self.resolve(f"refs/heads/{name}") != expected:
            raise Raced(f"the branch {name} has moved on", fix="run it again")
        said = last_part(done.error_text, 300)
        fix = "fix what git reports, then run it again"
        raise LockstepError(f"git cannot move the branch {name}: {said}", fix=fix)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether ``older`` is reachable from ``newer``."""
        # A commit that a shallow clone lacks is an error of git's, and reads as no ancestor.
        return self._run("merge-base", "--is-ancestor", older, newer).returncode == 0

    def is_shallow(self) -> bool:
        """Whether this clone lacks older commits."""
        return self._output("rev-parse", "--is-shallow-repository").strip() == b"true"

    def path_of(self, name: str) -> Path:
        """Where git keeps something: a reference by its full name, or ``index``.

        Several work trees may share a repository; git knows what they share.
        """
        if name not in self._paths:
            self.learn_paths(name)
        return self._paths[name]

    def learn_paths(self, *names: str) -> None:
        """Ask git for several paths of ``path_of`` at once."""
        asked = [word for name in names for word in ("--git-path", name)]
        out = os.fsdecode(self._output("rev-parse", "--path-format=absolute", *asked))
        lines = out.removesuffix("\n").split("\n")
        if len(names) == 1:
            self._paths[names[0]] = Path(out.rstrip("\n"))
        elif len(lines) == len(names):  # no path has a line break in it
            self._paths.update(zip(names, map(Path, lines), strict=True))

    def git_folder(self) -> Path:
        """The folder in which git keeps all of that; that of this work tree where it has one."""
        return Path(os.fsdecode(self._output("rev-parse", "--absolute-git-dir").rstrip(b"\n")))
