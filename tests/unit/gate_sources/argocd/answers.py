"""Answers as Argo CD 3.6.1 gives them, reduced to the fields that count, and what git says."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any

from lockstep.argocd.application import Application, read_application
from lockstep.gate_sources.argocd import FolderFacts, WantedApplication
from lockstep.model.document import Json
from lockstep.model.evidence import Question, Workloads
from lockstep.model.times import parse_time

OLD, STEP, LATER, TIP = ("0" * 40, "1" * 40, "2" * 40, "3" * 40)
"""Commits in the order of the branch: before the step, the step's own, two of other families."""

NAME, PROJECT = "prod-fraud-eu-west-1", "prod-risk"
REPOSITORY = "https://git.example.com/ml/fleet.git"
SOURCE = {
    "repoURL": REPOSITORY,
    "path": "rendered/prod/clusters/fraud-eu-west-1",
    "targetRevision": "main",
    "directory": {"exclude": "application.yaml"},
}
DESTINATION = {"namespace": "fraud", "name": "prod-eu-west-1"}
SPEC = {"project": PROJECT, "source": SOURCE, "destination": DESTINATION}
WANTED = WantedApplication(NAME, "argocd", SPEC)

MOVED_AT, SYNCED_AT, NOW = "2026-03-01T08:00:00Z", "2026-03-01T08:00:40Z", "2026-03-01T09:00:00Z"
FACTS = FolderFacts(
    wanted_tree="b" * 40,
    moved_by=STEP,
    changed_by=STEP,
    moved_at=parse_time(MOVED_AT),
    trees={OLD: "a" * 40, STEP: "b" * 40, LATER: "b" * 40, TIP: "b" * 40},
    moved=frozenset((STEP, LATER, TIP)),
)
PLACE = Workloads("", "fraud", "fraud-eu-west-1-v42", "fraud-eu-west-1-v41")
QUESTION = Question(
    gate={"name": "live", "source": "argocd"}, cluster="fraud-eu-west-1", region="eu-west-1",
    environment="prod", candidate={"identity": {"version": "42"}}, stable=None,
    since=MOVED_AT, now=NOW, place=PLACE, moved_in="ledger/prod/fraud/000003.json",
)  # fmt: skip


def entry(number: int, revision: str, at: str = SYNCED_AT) -> Json:
    """A full sync in the history."""
    return {"id": number, "revision": revision, "deployedAt": at, "source": SOURCE,
            "deployStartedAt": at, "initiatedBy": {"automated": True}}  # fmt: skip


def operation(revision: str, phase: str = "Succeeded", **more: Any) -> Json:
    """The last operation: of objects that were named, where ``objects`` are given."""
    objects = more.pop("objects", [])
    asked = {"revision": revision, "prune": True, "source": SOURCE}
    asked |= {"resources": objects} if objects else {}
    results = more.pop("results", [])
    return {
        "operation": {"sync": asked, "initiatedBy": {"automated": True}, "retry": {"limit": -1}},
        "phase": phase, "message": "successfully synced (all tasks run)",
        "startedAt": MOVED_AT, "finishedAt": SYNCED_AT,
        "syncResult": {"revision": revision, "source": SOURCE, "resources": results}, **more,
    }  # fmt: skip


def deployment(name: str, health: Json = None, status: str = "Synced") -> Json:
    """A Deployment among the objects of the Application."""
    return {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "fraud",
            "name": name, "status": status, "health": health or {"status": "Healthy"},
            "syncWave": -1}  # fmt: skip


def virtual_service(status: str = "Synced") -> Json:
    """An object of a kind that Argo CD knows no health of."""
    return {"group": "networking.istio.io", "version": "v1", "kind": "VirtualService",
            "namespace": "fraud", "name": "fraud-eu-west-1", "status": status,
            "syncWave": 1}  # fmt: skip


def application(**status: Any) -> Json:
    """An Application whose step is live, apart from these parts of its status."""
    return {
        "metadata": {
            "name": NAME, "namespace": "argocd", "resourceVersion": "814", "generation": 22,
            "annotations": {"argocd.argoproj.io/hydrate": "normal"},
        },
        "spec": {**deepcopy(SPEC), "syncPolicy": {"automated": {"prune": True, "selfHeal": True}}},
        "status": {
            "resources": [
                deployment("fraud-eu-west-1-v41"), deployment("fraud-eu-west-1-v42"),
                virtual_service(),
            ],
            "sync": {
                "status": "Synced", "revision": STEP,
                "comparedTo": {"source": SOURCE, "destination": DESTINATION},
            },
            "health": {"status": "Healthy", "lastTransitionTime": SYNCED_AT},
            "history": [entry(0, OLD, "2026-02-01T08:00:00Z"), entry(1, STEP)],
            "operationState": operation(STEP),
            "reconciledAt": "2026-03-01T08:59:58Z",
            "sourceType": "Directory", "resourceHealthSource": "appTree", "sourceHydrator": {},
            **status,
        },
    }  # fmt: skip


def at(revision: str, status: str = "Synced") -> Json:
    """The sync state at a revision that was compared."""
    return {"status": status, "revision": revision,
            "comparedTo": {"source": SOURCE, "destination": DESTINATION}}  # fmt: skip


def read(answer: Json) -> Application:
    """The values in an answer."""
    return read_application(answer)


def facts(trees: Mapping[str, str], wanted: str, moved: str, moved_by: str = STEP) -> FolderFacts:
    """Facts: a letter for the tree of each revision, and the digits of those that moved."""
    return replace(
        FACTS, wanted_tree=wanted * 40, moved_by=moved_by,
        trees={revision: tree * 40 for revision, tree in trees.items()},
        moved=frozenset(revision for revision in trees if revision[0] in moved),
    )  # fmt: skip


def moment(text: str) -> datetime:
    """A time that is written as RFC 3339."""
    return parse_time(text)
