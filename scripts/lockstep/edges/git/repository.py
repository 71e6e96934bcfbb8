"""One repository: where a fleet is in it, who commits, and what its history says."""

import os
from pathlib import Path

from lockstep.edges.git.checkout import GitCheckout
from lockstep.edges.git.history import GitHistory
from lockstep.edges.git.objects import raw_changes
from lockstep.edges.git.tags import GitTags
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.paths import SETTINGS
from lockstep.text.sanitise import record_line


class Git(GitCheckout, GitHistory, GitTags):
    """One repository: its references, its work tree, its history."""

    _has_work_tree = False

    @classmethod
    def find(cls, folder: Path) -> "Git":
        """The fleet whose folder holds ``folder``, in a work tree or in a bare repository.

        A fleet is the nearest folder upwards with ``lockstep.yaml``, by default the top of the
        work tree. Raises UsageError outside of a repository.
        """
        done = cls(folder)._run("rev-parse", "--show-toplevel")
        if done.returncode:
            return cls._find_bare(folder)
        top = Path(os.fsdecode(done.stdout.rstrip(b"\n")))
        here = folder.resolve()
        above = [place for place in (here, *here.parents) if place.is_relative_to(top)]
        fleet = next((place for place in above if (place / SETTINGS).is_file()), top)
        inside = fleet.relative_to(top).as_posix()
        found = cls(fleet, "" if inside == "." else f"{inside}/")
        found._has_work_tree = True
        return found

    @classmethod
    def _find_bare(cls, folder: Path) -> "Git":
        """A bare repository: it has no folders to stand in, so the fleet is at its top."""
        git = cls(folder)
        if git._run("rev-parse", "--is-bare-repository").stdout.strip() != b"true":
            raise UsageError(
                "this is not a git repository",
                where=str(folder),
                fix="run lockstep inside a clone of your fleet's repository, or give --root",
            )
        return git

    @classmethod
    def at(cls, folder: Path) -> "Git | None":
        """The repository that holds ``folder``, which need not be a fleet; None without one.

        Nor where the repository ignores the folder, as it does with what a build has made.
        """
        git = cls(folder)
        done = git._run("rev-parse", "--is-inside-work-tree", "--show-prefix")
        inside, _, prefix = os.fsdecode(done.stdout).removesuffix("\n").partition("\n")
        if inside != "true":
            return None
        # This git command accepts no literal paths, and this path is no pattern.
        done = git._run("--no-literal-pathspecs", "check-ignore", "--quiet", ".")
        return None if done.returncode == 0 else cls(folder, prefix)

    @property
    def top(self) -> Path:
        """The top of the work tree."""
        return self._at_top().root

    def has_work_tree(self) -> bool:
        """Whether there are files to read and to write: not in a bare repository."""
        if not self._has_work_tree:
            said = self._run("rev-parse", "--is-inside-work-tree").stdout.strip()
            self._has_work_tree = said == b"true"
        return self._has_work_tree

    def work_trees_on(self, branch: str) -> list[Path]:
        """The work trees of this repository, of which git can have several, on a branch."""
        listed = self._output("worktree", "list", "--porcelain", "-z")
        trees = (os.fsdecode(tree).split("\0") for tree in listed.split(b"\0\0"))
        return [
            Path(lines[0].removeprefix("worktree "))
            for lines in trees
            if f"branch refs/heads/{branch}" in lines and "bare" not in lines
        ]

    def require_work_tree(self) -> None:
        """Raise UsageError in a bare repository."""
        if not self.has_work_tree():
            raise UsageError(
                "this is a bare repository, and this verb works on files",
                where=str(self.root),
                fix="run it in a clone with a work tree",
            )

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

    def changed_files(self, older: str, newer: str, *paths: str) -> dict[str, str]:
        """The files that differ between two commits or trees, each with its blob in the newer one.

        All, or those at and below ``paths``. A file that the newer one lacks is ABSENT.
        """
        out = self._output("diff-tree", "-r", "-z", "--no-renames", "--relative", older, newer,
                           "--", *paths)  # fmt: skip
        return {change.path: change.after for change in raw_changes(out)}

    def read_commit(self, commit: str) -> tuple[list[str], str]:
        """The parents of a commit, by its id, and its message."""
        head, _, message = self._output("cat-file", "commit", commit).partition(b"\n\n")
        lines = head.decode(errors="replace").split("\n")
        parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
        return parents, message.decode(errors="replace")
