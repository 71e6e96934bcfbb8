"""Tags of a repository or of a remote, read whole and bounded; no reference is moved here."""

from collections.abc import Callable
from dataclasses import dataclass

from lockstep.edges.git.remotes import GitRemotes, Remote
from lockstep.edges.git.stored import GitStored
from lockstep.model.errors import LockstepError

_MOST = 20
"""Tags that are read for one question, in the order of their names."""


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A tag by its name: its bytes, or why it is no annotated tag that can be read."""

    name: str
    data: bytes
    problem: str = ""


class GitTags(GitStored, GitRemotes):
    """Reads the tags of one repository, and of its remotes."""

    def read_tags(
        self, remote: Remote | None, start: str, wanted: Callable[[str], bool], largest: int
    ) -> list[FoundTag]:
        """The annotated tags whose names begin with ``start`` and are wanted, by their names.

        They are read at the remote, or here where there is none. What is fetched for that is gone
        afterwards. Raises LockstepError where the remote cannot be asked.
        """
        with self.storing() as reading:
            listed = reading._list_tags(remote, start)
            chosen = sorted(name for name in listed if wanted(name))[:_MOST]
            if remote is not None and chosen:
                reading.fetch_references(remote, [f"refs/tags/{name}" for name in chosen])
            return [reading._read_tag(name, listed[name], largest) for name in chosen]

    def _list_tags(self, remote: Remote | None, start: str) -> dict[str, str]:
        """The objects of tags by name."""
        if remote is None:
            out = self._output("for-each-ref", "--format=%(objectname)%09%(refname)", "refs/tags/")
        else:
            out = self.list_references(remote, f"refs/tags/{start}*")
        lines = (line.partition("\t") for line in out.decode(errors="replace").splitlines())
        begin = f"refs/tags/{start}"
        return {
            name.removeprefix("refs/tags/"): oid for oid, _, name in lines if name.startswith(begin)
        }

    def _read_tag(self, name: str, oid: str, largest: int) -> FoundTag:
        head = self._output("cat-file", "--batch-check", stdin=f"{oid}\n".encode()).split()
        if len(head) != 3:
            # It was replaced between the two questions.
            raise LockstepError(f"the tag {name} could not be read", fix="run it again")
        if head[1] != b"tag":
            return FoundTag(name, b"", "it is a lightweight tag, which nobody can sign")
        if int(head[2]) > largest:
            return FoundTag(name, b"", f"it is larger than {largest} bytes")
        return FoundTag(name, self._output("cat-file", "tag", oid))
