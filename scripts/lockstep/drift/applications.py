"""What Argo CD does with a cluster: whether it follows git, and whether it would end a drift."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from lockstep.argocd.application import SKIP_RECONCILE, is_skipped
from lockstep.differences.fields import FieldDifference
from lockstep.differences.folders import identity_of, items_of
from lockstep.drift.fields import comparison_of, live_differences
from lockstep.drift.hiding import Hiding
from lockstep.drift.state import ARGOCD_GROUP, IN_CLUSTER, LiveObjects, LiveState
from lockstep.model.document import Json, value_at
from lockstep.model.times import CLOCK_SKEW, parse_time
from lockstep.text.sanitise import quoted

_FAILED = ("Failed", "Error")
_BAD_CONDITIONS = ("ComparisonError", "InvalidSpecError", "SyncError", "UnknownError")
_SHOWN = 5
_SHORTLY = timedelta(minutes=15)
"""A sync that takes longer is not on its way but stuck."""

SOURCE = (("spec", "source"), ("spec", "sources"), ("spec", "destination"), ("spec", "project"))
"""Where an Application says what it syncs, and where to."""
AUTOMATED = ("spec", "syncPolicy", "automated")


class Healing(NamedTuple):
    """Whether Argo CD would end a drift by itself; if not, why, in a part of a sentence.

    ``arriving`` says that it is in the middle of bringing what git says, or about to begin.
    """

    heals: bool
    why: str
    arriving: bool = False

    @property
    def sentence(self) -> str:
        """What Argo CD does about a drift."""
        if self.arriving:
            return f"Argo CD is bringing it: {self.why}"
        what = "restores it" if self.heals else "does not restore it"
        return f"Argo CD {what}: {self.why}"


def healing_of(wanted: Json | None, state: LiveState, hiding: Hiding) -> Healing:
    """Whether the Application ``wanted`` heals what has drifted, by its live state."""
    argocd = state.at(IN_CLUSTER)
    if wanted is None:
        return Healing(False, "git has no Application for it")
    identity = identity_of(wanted)
    if argocd is None or not argocd.knows(identity):
        return Healing(False, "its Application could not be read")
    live = argocd.objects.get(identity)
    if live is None:
        return Healing(False, f"the Application {identity.name} does not exist")
    why = next(_obstacles(wanted, live, argocd, hiding), "")
    if why:
        return Healing(False, f"the Application {identity.name} {why}")
    if _is_arriving(wanted, live, state):
        return Healing(True, f"the Application {identity.name} is being synced", arriving=True)
    return Healing(True, f"the Application {identity.name} syncs and heals by itself")


def _is_arriving(wanted: Json, live: Json, state: LiveState) -> bool:
    """Whether a sync runs, or the tip is newer than what Argo CD has looked at, since shortly."""
    operation = value_at(live, ("status", "operationState"), {})
    if value_at(operation, ("phase",)) == "Running":
        return _is_recent(value_at(operation, ("startedAt",)), state)
    behind = is_behind(wanted, live, state)
    return behind and _is_recent(value_at(live, ("status", "reconciledAt")), state)


def _is_recent(moment: Json, state: LiveState) -> bool:
    try:
        return -CLOCK_SKEW <= state.now - parse_time(str(moment)) < _SHORTLY
    except ValueError:
        return False


def is_behind(wanted: Json, live: Json, state: LiveState) -> bool:
    """Whether the folder at the commit that Argo CD has looked at is not that of the tip."""
    folder = str(value_at(wanted, ("spec", "source", "path")))
    tip, revision = state.tips.get(folder), synced_revision(live)
    return tip is not None and revision != "" and state.trees.get((revision, folder)) != tip


def _obstacles(wanted: Json, live: Json, argocd: LiveObjects, hiding: Hiding) -> Iterator[str]:
    """Why an Application would not sync what git says."""
    if any(is_source(found) for found in application_differences(wanted, live)):
        yield "follows another source"
    if value_at(live, ("metadata", "deletionTimestamp")):
        yield "is being deleted"
    if is_skipped(value_at(live, ("metadata", "annotations", SKIP_RECONCILE))):
        yield "is not reconciled: it has the annotation skip-reconcile"
    automated = value_at(live, AUTOMATED)
    if not isinstance(automated, dict) or automated.get("enabled") is False:
        yield "has automated sync switched off"
    elif automated.get("selfHeal") is not True:
        yield "has self-healing switched off"
    if said := sync_problem(live, hiding):
        yield said
    if windows_of(live, argocd):
        yield "is in a project with sync windows"


def sync_problem(live: Json, hiding: Hiding) -> str:
    """Why Argo CD cannot sync an Application, in a part of a sentence; empty where it can."""
    for each in items_of(live, "status", "conditions"):
        if each.get("type") in _BAD_CONDITIONS:
            return f"cannot be synced: {hiding.text(each.get('message', ''))}"
    state = value_at(live, ("status", "operationState"), {})
    synced = value_at(live, ("status", "sync", "status")) == "Synced"
    if isinstance(state, dict) and state.get("phase") in _FAILED and not synced:
        return f"failed in its last sync: {hiding.text(state.get('message', ''))}"
    return ""


def windows_of(application: Json, argocd: LiveObjects) -> list[Json]:
    """The sync windows of the project of an Application."""
    name = value_at(application, ("spec", "project"))
    own = (each for each in argocd.projects if identity_of(each).name == name)
    return items_of(next(own, None), "spec", "syncWindows")


def application_differences(wanted: Json, live: Json) -> Iterator[FieldDifference]:
    """The fields in which a live Application differs, a second source among them."""
    yield from live_differences(wanted, live, comparison_of(ARGOCD_GROUP))
    more = value_at(live, ("spec", "sources"))
    # Argo CD then leaves spec.source out of account.
    if more and value_at(wanted, ("spec", "sources")) is None:
        yield FieldDifference(("spec", "sources"), None, more)


def is_source(found: FieldDifference) -> bool:
    """Whether a field says what an Application syncs, or where to."""
    return found.pointer[:2] in SOURCE


def is_automation(found: FieldDifference) -> bool:
    """Whether a field says if an Application syncs by itself."""
    return found.pointer[:3] == AUTOMATED or found.pointer == AUTOMATED[:2]


def out_of_sync(live: Json) -> list[str]:
    """The objects that Argo CD itself shows as out of sync: ``Deployment shop/api``."""
    found = [
        f"{each.get('kind')} {each.get('namespace', '')}/{each.get('name')}"
        for each in items_of(live, "status", "resources")
        if each.get("status") == "OutOfSync"
    ]
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return [*sorted(found)[:_SHOWN], *more]


def synced_revision(live: Json) -> str:
    """The commit that Argo CD has compared the cluster with last; empty where it has not."""
    found = value_at(live, ("status", "sync", "revision"))
    return found if isinstance(found, str) else ""


def command(application: str) -> str:
    """What shows an Application to people."""
    return f"look at it with argocd app get {application}"


def short(revision: str) -> str:
    """A commit for messages."""
    return quoted(revision[:12])
