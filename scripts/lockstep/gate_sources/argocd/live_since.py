"""When the content of a step became live, by what Argo CD keeps of its syncs.

Seen on Argo CD 3.6.1: only a full sync that succeeded enters the history. A partial one, of the
objects that are out of sync, does not, and Argo CD makes one not only to heal drift: where it
compared a commit while another operation was running, it brings that commit in part. And where a
folder returns to content that is live already there is nothing to sync. So there are three ways,
and each gives a time at which the content was live for sure, or a later one.
"""

from datetime import datetime

from lockstep.argocd.application import Application
from lockstep.gate_sources.argocd.facts import FolderFacts, WantedApplication

_SUCCEEDED = "Succeeded"


def live_since(
    application: Application, wanted: WantedApplication, facts: FolderFacts
) -> datetime | None:
    """Since when the wanted content is live without a break; None where no sync of it is shown.

    Of an Application that is Synced at the wanted content.
    """
    return (
        _by_history(application, wanted, facts)
        or _by_last_operation(application, wanted, facts)
        or _without_sync(application, wanted, facts)
    )


def _by_history(
    application: Application, wanted: WantedApplication, facts: FolderFacts
) -> datetime | None:
    """The first of the newest syncs that all brought the wanted content."""
    since = None
    for entry in sorted(application.status.history, key=lambda each: each.id, reverse=True):
        if not (facts.is_step(entry.revision) and wanted.is_source(entry.source)):
            break
        since = entry.deployed_at
    return since


def _by_last_operation(
    application: Application, wanted: WantedApplication, facts: FolderFacts
) -> datetime | None:
    """The end of the last operation, where it brought the wanted content: a partial sync."""
    last = application.status.operation_state
    if last is None or last.phase != _SUCCEEDED or last.sync_result is None:
        return None
    request = last.operation.sync
    if request is None or request.dry_run or not wanted.is_source(last.sync_result.source):
        return None
    return last.finished_at if facts.is_step(last.sync_result.revision) else None


def _without_sync(
    application: Application, wanted: WantedApplication, facts: FolderFacts
) -> datetime | None:
    """The time of the move, where the content was live before it and nothing else came since."""
    if not application.status.history:
        return None
    newest = max(application.status.history, key=lambda each: each.id)
    last = application.status.operation_state
    done = last.sync_result if last and last.phase == _SUCCEEDED else None
    if done is None or not wanted.is_source(newest.source) or not wanted.is_source(done.source):
        return None
    if not (facts.has_content(newest.revision) and facts.has_content(done.revision)):
        return None
    return max(facts.moved_at, newest.deployed_at)
