"""What the commits of a pull request do to records one by one, whatever it does as a whole."""

from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.canonical import digest_bytes
from lockstep.model.finding import Finding
from lockstep.model.ledger import REWRITTEN
from lockstep.model.paths import RECORD_PATH


def changed_in_between(git: Git, base: str) -> list[Finding]:
    """A finding for each record that a commit up to HEAD, which ``base`` lacks, edits or removes.

    Merged with a rebase, these commits are in the history of the followed branch. A record that
    one of them had added and the next one removed could then be put back without a check. A record
    that a commit of the base had changed may be restored.
    """
    head = git.resolve("HEAD")
    if head is None or head == base:
        return []
    changes = git.ledger_changes_between(base, head)
    edits = {(path, new) for path, old, new in changes if old and RECORD_PATH.fullmatch(path)}
    if not edits:
        return []
    first = LedgerReader(git).at(base).changed
    data = git.blobs({new for _, new in edits if new})
    changed = {
        path
        for path, new in edits
        if not new or digest_bytes(data[new]) not in first.get(path, ())[:1]
    }
    text = "a commit of this pull request edits or removes this record"
    fix = "squash the commits of the branch, so that none of them changes a record"
    return [Finding(path, 1, 1, REWRITTEN, text, fix) for path in sorted(changed)]
