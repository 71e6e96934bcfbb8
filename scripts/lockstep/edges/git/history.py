"""git's history of files: which commit added one, and what commits did to those of the ledger."""

from collections.abc import Iterator
from datetime import UTC, datetime

from lockstep.edges.git.objects import ABSENT, GitObjects, raw_changes
from lockstep.model.canonical import digest_bytes
from lockstep.model.errors import LockstepError
from lockstep.model.ledger import LedgerHistory

_FOLDER = "ledger"
_NOTHING = ""
"""What a path holds after its removal."""


class GitHistory(GitObjects):
    """Reads what commits did to the files of one repository."""

    def added_by(self, path: str) -> str | None:
        """The commit that first added a file, or None (a shallow clone may not know)."""
        out = self._output("log", "--diff-filter=A", "--no-renames", "--format=%H", "-n", "1",
                       "--", path)  # fmt: skip
        return out.decode().strip() or None

    def brought_by(self, path: str, commit: str) -> str | None:
        """The first commit on the branch of ``commit`` that has a file; None where it has none.

        By first parents: a merge brings what it merges.
        """
        out = self._output("log", "--first-parent", "--diff-merges=first-parent", "--root",
                           "--no-follow", "--no-show-signature", "--diff-filter=A",
                           "--no-renames", "--no-patch", "--format=%H", commit,
                           "--", path)  # fmt: skip
        return out.decode().split()[-1] if out.strip() else None

    def changed_by(self, path: str, commit: str) -> str | None:
        """The commit that last changed a file or folder on the branch of ``commit``, or None.

        By first parents: a merge brings what it merges.
        """
        out = self._output("log", "--first-parent", "--diff-merges=first-parent", "--root",
                           "--no-follow", "--no-show-signature", "--no-renames", "--no-patch",
                           "--format=%H", "-n", "1", commit, "--", path)  # fmt: skip
        return out.decode().strip() or None

    def committed_at(self, commit: str) -> datetime:
        """When a commit was made, by the clock of the machine that made it."""
        out = self._output("log", "--no-show-signature", "--no-patch", "--format=%ct", "-n", "1",
                           commit, "--")  # fmt: skip
        return datetime.fromtimestamp(int(out), UTC)

    def ledger_changes(self, commit: str, since: str | None = None) -> list[tuple[str, str, str]]:
        """What each commit did to the ledger, oldest first: path, blob before, blob after.

        By first parents: a merge counts as one change of the branch that it was made on, so what
        it changes itself is seen, and what was only proposed on another branch is not.
        """
        # Without renames, a record that was moved counts as deleted. The other options keep the
        # user's configuration of git log from hiding a change.
        out = self._output(
            "log", "--first-parent", "--diff-merges=first-parent", "--root", "--no-follow",
            "--no-show-signature", "--no-renames", "--raw", "--no-abbrev", "--relative",
            "--format=", "-z", f"{since}..{commit}" if since else commit, "--", _FOLDER,
        )  # fmt: skip
        # Of what is no plain file (a link, a submodule) there is no content to compare.
        found = [
            (path, _blob(old), _blob(new) if mode.startswith("100") else _NOTHING)
            for mode, old, new, path in raw_changes(out)
        ]
        return found[::-1]

    def ledger_changes_between(self, base: str, commit: str) -> list[tuple[str, str, str]]:
        """What each commit that ``base`` lacks did to the ledger: path, blob before, blob after.

        Each by itself, as a rebase would bring it; merges, which that leaves out, not counted.
        """
        # The full history, or git leaves out a branch whose merge changes nothing.
        out = self._output(
            "log", "--no-merges", "--full-history", "--no-follow", "--no-show-signature",
            "--no-renames", "--raw", "--no-abbrev", "--relative", "--format=", "-z",
            f"{base}..{commit}", "--", _FOLDER,
        )  # fmt: skip
        return [(path, _blob(old), _blob(new)) for _, old, new, path in raw_changes(out)]

    def writers_between(self, base: str, commit: str) -> set[str]:
        """The addresses of authors and committers of the commits that ``base`` lacks, as written.

        They are what a commit says, which nobody has verified.
        """
        out = self._output("log", "--no-show-signature", "--no-patch", "--format=%ae%n%ce",
                           f"{base}..{commit}", "--")  # fmt: skip
        return set(out.decode(errors="replace").split("\n")) - {""}

    def has_first_parent(self, commit: str, older: str) -> bool:
        """Whether ``older`` is among the last commits that lead to ``commit`` by first parents."""
        out = self._output("rev-list", "--first-parent", "--max-count=100", commit, "--")
        return older in out.decode().split()


def _blob(oid: str) -> str:
    return _NOTHING if oid == ABSENT else oid


class LedgerReader:
    """The history of the whole ledger, for all families that one run decides about.

    It is read by one ``git log``; for commits that the run itself makes, only those are read.
    """

    def __init__(self, git: GitHistory) -> None:
        self._git = git
        self._known: tuple[str, LedgerHistory] | None = None
        # Each content that a path has had up to the commit that was read, oldest first.
        self._read_to = ""
        self._contents: dict[str, list[str]] = {}

    def at(self, commit: str) -> LedgerHistory:
        """What the commits up to this one did to the ledger.

        Never raises: where it cannot be known, ``missing`` says why, and a rollback goes on.
        """
        if self._known is None or self._known[0] != commit:
            self._known = commit, self._history(commit)
        return self._known[1]

    def _history(self, commit: str) -> LedgerHistory:
        try:
            if self._git.is_shallow():
                return LedgerHistory(missing="this clone is shallow")
            self._read(commit)
            return LedgerHistory(dict(self._changed()))
        except LockstepError as error:
            self._read_to = ""
            return LedgerHistory(missing=error.message)

    def _read(self, commit: str) -> None:
        since = self._read_to
        if not since or not self._git.has_first_parent(commit, since):
            since, self._contents = "", {}
        for path, before, after in self._git.ledger_changes(commit, since or None):
            self._contents.setdefault(path, [before] if before else []).append(after)
        self._read_to = commit

    def _changed(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The files that are not as they were added; one that was restored is again."""
        changed = {p: ids for p, ids in self._contents.items() if ids[-1] != ids[0]}
        blobs = sorted({oid for ids in changed.values() for oid in ids if oid})
        data = self._git.read_objects(blobs) if blobs else []
        digests = {oid: digest_bytes(each) for oid, each in zip(blobs, data, strict=True)}
        for path, ids in changed.items():
            yield path, tuple(digests[oid] for oid in ids if oid)
