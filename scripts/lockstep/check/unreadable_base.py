"""A base that cannot be read is an error: without it, a change would seem to have no past."""

from collections.abc import Iterable, Iterator

from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree

_UNREADABLE = ("yaml.", "layout.no-file", "layout.kind")
"""The rules of ``assemble`` that may leave a file out of the fleet. Nothing is read from a file in
an unknown place, and of one that is missing there is nothing to read."""


UNREADABLE_BASE = "base.unreadable"
"""The rule id of these findings."""


def unreadable_base(
    before: Tree, old: Fleet, found: Iterable[Finding], tree: Tree
) -> list[Finding]:
    """A finding for each file of the base that is not in its fleet, because it cannot be read.

    ``old`` and ``found`` are what ``assemble`` made of ``before``. A file that the change leaves as
    it is has its own finding in ``tree`` already.
    """
    read = set(_paths(old))
    unread = {
        finding.file: finding
        for finding in found
        if finding.rule.startswith(_UNREADABLE) and finding.file not in read
    }
    return [
        Finding(
            path, 1, 1, UNREADABLE_BASE,
            "the base's version of this file cannot be read, so the change cannot be compared with "
            f"it: line {finding.line}: {finding.message}",
            "restore the file on the base first, for example with git revert of the commit that "
            "broke it, merged by an administrator",
        )
        for path, finding in sorted(unread.items())
        if before.get(path) != tree.get(path)
    ]  # fmt: skip


def _paths(fleet: Fleet) -> Iterator[str]:
    """The files of which a fleet holds a document."""
    yield from (document.path for _, document in fleet.strays)
    for environment in fleet.environments.values():
        yield environment.document.path
    for family in fleet.families():
        yield family.document.path
        yield from (cluster.path for cluster in family.clusters)
        yield from (lock.path for lock in family.locks.values())
        yield from ([family.quarantine.path] if family.quarantine else ())
