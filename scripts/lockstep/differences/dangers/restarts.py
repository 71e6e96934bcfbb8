"""Pods with traffic that restart at the merge, in all regions at once: no canary comes before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.fields import Item
from lockstep.differences.folders import VERSION_LABEL, ComparedFamily, ComparedObject, label_of
from lockstep.differences.weights import ROUTES, shares_of
from lockstep.text.phrases import listed

_TEMPLATE = ("spec", "template")
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_NAMED = ("image", "command", "args", "env")
_LISTED = 5
_UNDO = "without a canary; undo by git revert and render"


def _find(each: ComparedObject, family: ComparedFamily) -> Iterator[str]:
    if not _restarts(each):
        return
    where = _where(_version(each), family)
    # Not which version: the same of another family is reported with it.
    yield f"{_what(each)} of a version with traffic: it restarts in {where} at the merge, {_UNDO}"


def _restarts(each: ComparedObject) -> bool:
    """Whether pods that may have traffic restart; of unknown versions all may."""
    if each.id.kind not in _WORKLOADS or not each.changed_below(*_TEMPLATE):
        return False
    folder = each.folder
    known = folder.of_kind(ROUTES) or folder.of_kind(ROUTES, head=False)
    version = _version(each)
    if not known or not version:
        return True
    return any(version in shares_of(folder, head=head) for head in (True, False))


def _version(each: ComparedObject) -> str:
    return label_of(each.before, VERSION_LABEL, *_TEMPLATE)


def _what(each: ComparedObject) -> str:
    """The fields that people look for, or the template of its pods as a whole."""
    parts = {
        part
        for found in each.changed_below(*_TEMPLATE)
        for part in found.pointer
        if not isinstance(part, Item)
    }
    return listed([name for name in _NAMED if name in parts]) or "pod template"


def _where(version: str, family: ComparedFamily) -> str:
    """The regions in which this version restarts: they are one change, and all come at once."""
    names = _restarting(family)[version]
    if len(names) >= family.clusters:
        return "every region"
    return listed(names) if len(names) <= _LISTED else f"{len(names)} of {family.clusters} regions"


# One, because the objects of a family come in a row.
@lru_cache(maxsize=1)
def _restarting(family: ComparedFamily) -> Mapping[str, list[str]]:
    """The regions in which each version restarts, once for all clusters of a family."""
    found = defaultdict[str, set[str]](set)
    for each in family.objects:
        if _restarts(each):
            found[_version(each)].add(each.folder.region or each.folder.cluster)
    return {version: sorted(regions) for version, regions in found.items()}


RESTART = DangerKind("restart", _find)
