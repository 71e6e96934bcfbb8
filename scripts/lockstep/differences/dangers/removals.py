"""What is deleted: clusters of production, and the Services that callers know by name."""

from collections.abc import Iterator

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.folders import ComparedFamily, ComparedObject
from lockstep.model.differences import ChangeType


def _deletions(each: ComparedObject, _: ComparedFamily) -> Iterator[str]:
    folder = each.folder
    if not folder.cluster or not folder.production or each.change is not ChangeType.REMOVED:
        return
    # Argo CD deletes a cluster with its Application; one whose folder goes has none any more.
    gone = [other for other in folder.objects if other.id.kind == "Application"]
    gone = gone or ([] if folder.after else [*folder.objects[:1]])
    if each in gone:
        yield "a cluster of production is deleted, with all of its pods and its host"


def _renames(each: ComparedObject, family: ComparedFamily) -> Iterator[str]:
    if each.id.kind != "Service" or each.change is not ChangeType.REMOVED:
        return
    if any(_takes_its_place(other, each) for other in family.objects):
        yield "the Service gets another name: callers of the old one get no answer"
    elif each.folder.after:
        yield "the Service goes, and its cluster stays: its callers get no answer"


def _takes_its_place(other: ComparedObject, gone: ComparedObject) -> bool:
    """Also in another folder, where the cluster itself was renamed."""
    same = other.folder is gone.folder or (
        bool(gone.folder.region)
        and not gone.folder.after
        and other.folder.region == gone.folder.region
    )
    return same and other.id.kind == "Service" and other.change is ChangeType.ADDED


PRODUCTION_DELETION = DangerKind("production-deletion", _deletions)
RENAMED_SERVICE = DangerKind("renamed-service", _renames)
