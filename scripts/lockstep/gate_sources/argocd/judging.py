"""What an Application means for a gate: pure, from Argo CD's answer and the facts of git.

The condition holds only where everything agrees: the Application is the one that git declares, it
is compared with the wanted content, Synced and Healthy, and the candidate's own Deployment is
Healthy by name. It fails only where that Deployment is Degraded at the wanted content. Everything
else waits: Argo CD is on its way, or a person must look.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from lockstep.argocd.application import (
    SKIP_RECONCILE,
    Application,
    AppliedObject,
    OperationState,
    is_skipped,
)
from lockstep.gate_sources.argocd.facts import FolderFacts, WantedApplication, is_deployment
from lockstep.gate_sources.argocd.live_since import live_since
from lockstep.model.evidence import Condition, LiveFolder, Workloads
from lockstep.model.times import CLOCK_SKEW, format_time, later
from lockstep.text.sanitise import one_line

_SHOWN = 3
"""Objects and warnings that a reason names."""
_LONGEST = 200
_RUNNING = ("Running", "Terminating")

Judged = tuple[Condition, LiveFolder]


def why_another(application: Application, wanted: WantedApplication) -> str:
    """Why an Application is not the one that git declares; empty where it is.

    Whoever may write Applications could have it sync something else, or leave differences out.
    """
    meta, spec = application.metadata, application.spec
    if (meta.name, meta.namespace) != (wanted.name, wanted.namespace):
        return f"Argo CD gave the Application {_said(meta.namespace)}/{_said(meta.name)}"
    if spec.sources or spec.source_hydrator is not None:
        return "its Application has several sources, and the one in git has one"
    if spec.project != wanted.project:
        return f"its Application is in the project {_said(spec.project)}, in git {wanted.project}"
    if not wanted.is_source(spec.source):
        return f"its Application syncs {_place(spec.source)}, in git {_place(wanted.source)}"
    if spec.destination != wanted.spec.get("destination"):
        return "its Application has another destination than the one in git"
    if list(spec.ignore_differences) != wanted.spec.get("ignoreDifferences", []):
        return "its Application ignores other differences than the one in git"
    # To be compared with git it would wait for a controller that leaves it alone.
    if is_skipped(meta.annotations.get(SKIP_RECONCILE)):
        return f"Argo CD leaves its Application alone: it has the annotation {SKIP_RECONCILE}"
    return ""


def judge_application(
    application: Application, wanted: WantedApplication, facts: FolderFacts,
    place: Workloads, now: datetime,
) -> Judged:  # fmt: skip
    """The condition, and what is live. ``application`` is the one that git declares."""
    why = _why_not_compared(application, wanted, facts)
    # Of another source or destination it says nothing about this step, whatever the history has.
    since, why_no_time = (None, "") if why else _since(application, wanted, facts, now)
    live = LiveFolder(
        application=wanted.name,
        revision=_said(_revision(application), 64),
        tree=facts.trees.get(_revision(application), ""),
        wanted_tree=facts.wanted_tree,
        moved_by=facts.moved_by,
        since=format_time(since) if since else None,
    )
    if not why and (failed := _degraded(application, place)):
        return Condition(False, failed), live
    why = why or _why_not_live(application, facts, place) or why_no_time
    if why or since is None:
        return Condition(None, f"{why}{where_to_look(wanted)}"), live
    at = _revision(application)[:12]
    text = f"Synced and Healthy at {at}, with the content of the tip; live since {live.since}"
    return Condition(True, text), live


def _why_not_compared(
    application: Application, wanted: WantedApplication, facts: FolderFacts
) -> str:
    """Why what Argo CD says is not about the wanted content; empty where it is."""
    if application.metadata.deletion_timestamp is not None:
        return "its Application is being deleted"
    revision = _revision(application)
    shown = _said(revision[:12])
    if not revision:
        return f"Argo CD has not compared it with git yet{_warnings(application)}"
    if revision not in facts.trees:
        return (
            f"Argo CD is at the revision {shown}, which this clone does not have: run git fetch,"
            " with the whole history"
        )
    compared = application.status.sync.compared_to
    if not wanted.is_source(compared.source):
        return "Argo CD has not compared it with the source in git yet"
    if compared.destination != wanted.spec.get("destination"):
        return "Argo CD has not compared it at the destination in git yet"
    if revision not in facts.moved:
        return f"Argo CD has seen {shown}, which is from before {facts.changed_by[:12]}"
    if not facts.has_content(revision):
        return f"Argo CD has seen {shown}, whose folder is not that of the followed branch"
    return ""


def _degraded(application: Application, place: Workloads) -> str:
    """Why the candidate's own Deployment fails the gate; empty where it does not."""
    found = _candidate(application, place)
    # One that is out of sync is not yet what git says.
    if found is None or found.status != "Synced" or found.health is None:
        return ""
    if found.health.status != "Degraded":
        return ""
    return f"the candidate's Deployment {found.name} is Degraded{_after(found.health.message)}"


def _why_not_live(application: Application, facts: FolderFacts, place: Workloads) -> str:
    """Why the wanted content is not live, or not well; empty where Argo CD says that it is."""
    checks: Sequence[Callable[[], str]] = (
        lambda: _why_not_synced(application),
        lambda: _why_at_work(application),
        lambda: _why_not_healthy(application),
        lambda: _why_no_candidate(application, place),
        lambda: _why_stale(application, facts),
    )
    return next(filter(None, (check() for check in checks)), "")


def _why_not_synced(application: Application) -> str:
    status = application.status
    if status.sync.status == "Synced":
        return ""
    objects = _listed(each for each in status.resources if each.status not in ("Synced", ""))
    return f"{_said(status.sync.status, 20) or 'no sync status'}{objects}{_last(application)}" + (
        _warnings(application)
    )


def _why_at_work(application: Application) -> str:
    last = application.status.operation_state
    if application.operation is not None:
        return "a sync is about to begin"
    if last and last.phase in _RUNNING:
        return f"a sync is running{_after(last.message)}"
    return ""


def _why_not_healthy(application: Application) -> str:
    health = application.status.health
    if health.status == "Healthy":
        return ""
    worst = (
        each
        for each in application.status.resources
        if each.health and each.health.status != "Healthy"
    )
    said = _after(health.message)
    return f"{_said(health.status, 20) or 'no health'}{_listed(worst, health=True)}{said}"


def _why_no_candidate(application: Application, place: Workloads) -> str:
    """The health of all is the worst that Argo CD knows, and good where it knows of nothing."""
    found = _candidate(application, place)
    name = f"the candidate's Deployment {place.candidate}"
    if found is None:
        return f"{name} is not among the objects of its Application"
    if found.health is None:
        return f"Argo CD shows no health of {name}"
    if found.health.status != "Healthy":
        return f"{name} is {_said(found.health.status, 20)}"
    return ""


def _why_stale(application: Application, facts: FolderFacts) -> str:
    seen = application.status.reconciled_at
    if seen is None:
        return "Argo CD does not say when it last compared it with git"
    if seen < facts.moved_at.replace(microsecond=0):
        return (
            f"Argo CD last compared it with git at {format_time(seen)}, before the step was"
            f" committed at {format_time(facts.moved_at)}"
        )
    return ""


def _since(
    application: Application, wanted: WantedApplication, facts: FolderFacts, now: datetime
) -> tuple[datetime | None, str]:
    """Since when the content that was compared is live; or why that is not known."""
    synced = application.status.sync.status == "Synced"
    since = live_since(application, wanted, facts) if synced else None
    if since is None:
        return None, (
            f"Argo CD shows no sync of this content since {facts.changed_by[:12]}: a full sync by"
            " hand (argocd app sync) makes an entry in its history"
        )
    if since > later(now, CLOCK_SKEW):
        # No other gate counts from then on: it would see no failure until that time has come.
        shown = format_time(since)
        return None, f"by Argo CD's clock it is live since {shown}, which is in the future"
    return since, ""


def _candidate(application: Application, place: Workloads) -> AppliedObject | None:
    return next(
        (each for each in application.status.resources
         if is_deployment(each, place.namespace, place.candidate)),
        None,
    )  # fmt: skip


def _last(application: Application) -> str:
    """What the last operation says, where it did not succeed: it is why nothing is synced."""
    last = application.status.operation_state
    if last is None or last.phase == "Succeeded":
        return ""
    tries = f" (tried again {last.retry_count} times)" if last.retry_count else ""
    failed = next(_refused(last), "")
    said = _after(failed or last.message)
    return f"; its last sync is {_said(last.phase, 20)}{tries}{said}"


def _refused(last: OperationState) -> Iterator[str]:
    """What Kubernetes says of the objects that it refused."""
    for each in last.sync_result.resources if last.sync_result else ():
        if each.status == "SyncFailed":
            yield f"{each.kind} {each.name}: {each.message}"


def _warnings(application: Application) -> str:
    shown = application.status.conditions[:_SHOWN]
    return "".join(f"; {_said(each.type, 60)}{_after(each.message)}" for each in shown)


def _listed(objects: Iterator[AppliedObject], *, health: bool = False) -> str:
    names = [
        f"{each.kind} {each.name}" + (f" {each.health.status}" if health and each.health else "")
        for each in objects
    ]
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else ""
    return f": {_said(', '.join(names[:_SHOWN]))}{more}"


def _revision(application: Application) -> str:
    return application.status.sync.revision


def _place(source: object) -> str:
    known = source if isinstance(source, dict) else {}
    parts = [str(known.get(key, "")) for key in ("repoURL", "path", "targetRevision")]
    return _said(f"{parts[1]} at {parts[2]} of {parts[0]}")


def where_to_look(wanted: WantedApplication) -> str:
    """What ends a reason: the command that shows the Application to a person."""
    return f"; see: argocd app get {wanted.namespace}/{wanted.name}"


def _after(message: str) -> str:
    return f" ({_said(message)})" if message else ""


def _said(text: str, limit: int = _LONGEST) -> str:
    """A text of Argo CD, which anyone who may write to the cluster can have put there."""
    return one_line(text, limit)
