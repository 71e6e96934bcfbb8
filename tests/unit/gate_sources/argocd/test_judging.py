"""What an Application means for a gate: the condition, and since when the step is live."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from lockstep.gate_sources.argocd.facts import FolderFacts
from lockstep.gate_sources.argocd.judging import judge_application, why_another
from lockstep.model.document import Json
from lockstep.model.evidence import Condition, LiveFolder
from tests.unit.gate_sources.argocd.answers import (
    DESTINATION,
    FACTS,
    LATER,
    MOVED_AT,
    NOW,
    OLD,
    PLACE,
    SOURCE,
    STEP,
    SYNCED_AT,
    TIP,
    WANTED,
    application,
    at,
    deployment,
    entry,
    facts,
    moment,
    operation,
    read,
    virtual_service,
)

CANDIDATE, STABLE = PLACE.candidate, PLACE.stable


def judged(answer: Json, folder: FolderFacts = FACTS) -> tuple[Condition, LiveFolder]:
    return judge_application(read(answer), WANTED, folder, PLACE, moment(NOW))


def waits(answer: Json, folder: FolderFacts = FACTS) -> str:
    """The reason of a gate that waits, which says where to look."""
    condition, _ = judged(answer, folder)
    assert condition.holds is None
    assert condition.reason.endswith(f"see: argocd app get argocd/{WANTED.name}")
    return condition.reason


def test_a_step_is_live_from_its_sync_on() -> None:
    condition, live = judged(application())
    assert condition == Condition(
        True,
        f"Synced and Healthy at {STEP[:12]}, with the content of the tip; live since {SYNCED_AT}",
    )
    assert live == LiveFolder(WANTED.name, STEP, "b" * 40, "b" * 40, STEP, SYNCED_AT)


def test_commits_of_other_families_do_not_begin_the_step_anew() -> None:
    condition, live = judged(application(sync=at(TIP)))
    assert condition.holds and live.since == SYNCED_AT and live.revision == TIP
    repeated = [entry(1, STEP), entry(2, LATER, "2026-03-01T08:10:00Z")]
    assert judged(application(sync=at(TIP), history=repeated))[1].since == SYNCED_AT


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"sync": at(STEP, "OutOfSync")}, "OutOfSync"),
        ({"sync": at(STEP, "Unknown"),
          "conditions": [{"type": "ComparisonError", "message": "repository not accessible"}]},
         "Unknown; ComparisonError (repository not accessible)"),
        ({"sync": {}}, "has not compared it with git yet"),
        ({"sync": at("")}, "has not compared it with git yet"),
        ({"sync": at(OLD)}, f"has seen {OLD[:12]}, which is from before {STEP[:12]}"),
        ({"sync": at("f" * 40)}, "run git fetch"),
        ({"sync": at("main")}, "at the revision main, which this clone does not have"),
        ({"sync": at("HEAD~1; $(reboot)")}, "which this clone does not have"),
        ({"sync": {"status": "Synced", "revision": STEP}}, "not compared it with the source"),
        ({"health": {"status": "Progressing"}}, "Progressing"),
        ({"health": {"status": "Missing"}}, "Missing"),
        ({"health": {}}, "no health"),
        ({"health": {"status": "healthy"}}, "healthy"),
        ({"reconciledAt": None}, "does not say when"),
        ({"reconciledAt": "2026-03-01T07:59:59Z"}, f"before the step was committed at {MOVED_AT}"),
        ({"operationState": operation(STEP, "Running", message="waiting for healthy state of x")},
         "a sync is running (waiting for healthy state of x)"),
        ({"operationState": operation(STEP, "Terminating")}, "a sync is running"),
        ({"resources": [virtual_service()]}, f"{CANDIDATE} is not among the objects"),
        ({"resources": [{**deployment(CANDIDATE), "health": None}]}, "shows no health"),
        ({"resources": [deployment(CANDIDATE, {"status": "Suspended"})]}, "is Suspended"),
        ({"resources": [deployment(CANDIDATE) | {"namespace": "other"}]}, "is not among"),
        ({"resources": [deployment(CANDIDATE) | {"kind": "StatefulSet"}]}, "is not among"),
        ({"history": [entry(1, STEP, "2026-03-01T09:06:00Z")]}, "is in the future"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_everything_that_is_not_yet_live_waits(status: Any, reason: str) -> None:
    assert reason in waits(application(**status))


def test_a_sync_in_the_future_says_nothing_of_when_other_gates_begin_to_count() -> None:
    """From such a time on they would see no failure until Argo CD's clock has been overtaken."""
    ahead = application(history=[entry(1, STEP, "2026-03-01T09:30:00Z")])
    assert judged(ahead)[1].since is None
    assert "live since 2026-03-01T09:30:00Z, which is in the future" in waits(ahead)
    little = application(history=[entry(1, STEP, "2026-03-01T09:04:00Z")])
    assert judged(little)[1].since == "2026-03-01T09:04:00Z"


@pytest.mark.parametrize(
    "compared",
    [
        {"source": {**SOURCE, "path": "rendered/prod/clusters/other"}, "destination": DESTINATION},
        {"source": SOURCE, "destination": {"namespace": "fraud", "name": "prod-us-east-1"}},
        {},
    ],
)
def test_a_comparison_with_something_else_does_not_make_the_step_live(compared: Json) -> None:
    """Its history has the step, and what was compared since is another folder or place."""
    answer = application(sync={"status": "Synced", "revision": STEP, "comparedTo": compared})
    assert "has not compared it" in waits(answer)
    assert judged(answer)[1].since is None


def test_an_application_that_is_being_changed_waits() -> None:
    gone = application()
    gone["metadata"]["deletionTimestamp"] = NOW
    assert "is being deleted" in waits(gone)
    asked = application() | {"operation": {"sync": {"revision": STEP}}}
    assert "a sync is about to begin" in waits(asked)


def test_another_content_than_that_of_the_tip_waits() -> None:
    newer = facts({OLD: "a", STEP: "b", TIP: "c"}, "c", moved="13")
    reason = waits(application(), newer)
    assert f"has seen {STEP[:12]}, whose folder is not that of the followed branch" in reason
    assert judged(application(), newer)[1].since is None


def test_a_degraded_candidate_fails() -> None:
    sick = {"status": "Degraded", "message": 'Deployment "v42" exceeded its progress deadline'}
    objects = [deployment(STABLE), deployment(CANDIDATE, sick)]
    waiting = operation(STEP, "Running", message="waiting for healthy state of apps/Deployment")
    for status in (
        {"health": {"status": "Degraded"}},
        # As it is seen: traffic waits for a Deployment that does not become ready.
        {"sync": at(STEP, "OutOfSync"), "operationState": waiting},
    ):
        condition, _ = judged(application(resources=objects, **status))
        assert condition.holds is False
        assert condition.reason == (
            f"the candidate's Deployment {CANDIDATE} is Degraded"
            ' (Deployment "v42" exceeded its progress deadline)'
        )


@pytest.mark.parametrize(
    ("status", "folder"),
    [
        ({"sync": at(OLD)}, FACTS),
        ({"sync": at("f" * 40)}, FACTS),
        ({}, facts({STEP: "b", TIP: "c"}, "c", moved="13")),
    ],
    ids=["before the step", "an unknown commit", "another content"],
)
def test_a_degraded_candidate_of_other_content_fails_nothing(
    status: Json, folder: FolderFacts
) -> None:
    objects = [deployment(CANDIDATE, {"status": "Degraded"})]
    waits(application(resources=objects, health={"status": "Degraded"}, **status), folder)


def test_only_the_candidates_own_deployment_fails_the_gate() -> None:
    sick = {"status": "Degraded", "message": "crash loop"}
    stable = [deployment(STABLE, sick), deployment(CANDIDATE)]
    reason = waits(application(resources=stable, health={"status": "Degraded"}))
    assert f"Degraded: Deployment {STABLE} Degraded" in reason
    out_of_sync = [deployment(CANDIDATE, sick, "OutOfSync")]
    waits(application(resources=out_of_sync, sync=at(STEP, "OutOfSync")))


def test_a_refused_sync_says_what_kubernetes_said() -> None:
    said = "exceeded quota: models, requested: count/deployments.apps=1"
    refused = {"kind": "Deployment", "name": CANDIDATE, "status": "SyncFailed", "message": said}
    message = "one or more objects failed to apply. Retrying attempt #3"
    failed = operation(STEP, "Running", results=[refused], retryCount=3, message=message)
    objects = [deployment(CANDIDATE, {"status": "Missing"}, "OutOfSync")]
    reason = waits(
        application(sync=at(STEP, "OutOfSync"), operationState=failed, resources=objects)
    )
    assert reason.startswith(f"OutOfSync: Deployment {CANDIDATE}; its last sync is Running (tried")
    assert "Deployment fraud-eu-west-1-v42: exceeded quota: models" in reason


def test_a_restored_content_is_not_live_since_its_first_time() -> None:
    """A, then B, then A again: the trees recur, and the older sync says nothing of this one."""
    again = facts({OLD: "a", STEP: "b", LATER: "a", TIP: "a"}, "a", moved="123")
    first = [entry(0, OLD), entry(1, STEP)]
    synced = application(sync=at(TIP), history=first, operationState=operation(STEP))
    assert "shows no sync of this content" in waits(synced, again)
    third = [*first, entry(2, LATER, "2026-03-01T08:20:00Z")]
    assert judged(application(sync=at(TIP), history=third), again)[1].since == (
        "2026-03-01T08:20:00Z"
    )
    # All of them after the move: still, B was live in between.
    within = facts({STEP: "a", LATER: "b", TIP: "a"}, "a", moved="123")
    history = [
        entry(0, STEP),
        entry(1, LATER, "2026-03-01T08:10:00Z"),
        entry(2, TIP, "2026-03-01T08:30:00Z"),
    ]
    assert judged(application(sync=at(TIP), history=history), within)[1].since == (
        "2026-03-01T08:30:00Z"
    )


def test_the_order_of_the_history_is_that_of_its_ids() -> None:
    mixed = [entry(2, STEP, "2026-03-01T08:02:00Z"), entry(0, OLD), entry(1, STEP)]
    assert judged(application(history=mixed))[1].since == SYNCED_AT


def test_a_partial_sync_is_seen_in_the_last_operation() -> None:
    """Argo CD enters full syncs alone in the history."""
    part = operation(STEP, objects=[{"kind": "VirtualService", "name": "fraud-eu-west-1"}],
                     finishedAt="2026-03-01T08:05:00Z")  # fmt: skip
    before = [entry(0, OLD)]
    condition, live = judged(application(history=before, operationState=part))
    assert condition.holds and live.since == "2026-03-01T08:05:00Z"
    for other in (
        operation(STEP, "Failed"),
        operation(STEP, "Error"),
        operation(OLD),
        operation("f" * 40),
        operation(STEP) | {"syncResult": None},
        operation(STEP) | {"operation": {}},
        operation(STEP) | {"finishedAt": None},
    ):
        reason = waits(application(history=before, operationState=other))
        assert "shows no sync of this content" in reason and "argocd app sync" in reason
    dry = deepcopy(part)
    dry["operation"]["sync"]["dryRun"] = True
    waits(application(history=before, operationState=dry))


def test_healing_drift_does_not_begin_the_step_anew() -> None:
    healed = operation(STEP, objects=[{"kind": "Deployment", "name": STABLE}], finishedAt=NOW)
    assert judged(application(operationState=healed))[1].since == SYNCED_AT


def test_content_that_needs_no_sync_is_live_from_the_move_on() -> None:
    """A step that was taken back before Argo CD saw it: the folder is as it was synced before."""
    same = facts({OLD: "a", STEP: "a"}, "a", moved="1")
    before = application(sync=at(STEP), history=[entry(0, OLD)], operationState=operation(OLD))
    condition, live = judged(before, same)
    assert condition.holds and live.since == SYNCED_AT  # of the entry, which is after the move
    early = [entry(0, OLD, "2026-02-01T08:00:00Z")]
    assert (
        judged(application(sync=at(STEP), history=early, operationState=operation(OLD)), same)[
            1
        ].since
        == MOVED_AT
    )
    failed = operation(OLD, "Failed")
    assert "no sync" in waits(
        application(sync=at(STEP), history=early, operationState=failed), same
    )


def test_a_sync_of_another_source_says_nothing() -> None:
    elsewhere = {**entry(1, STEP), "source": {**SOURCE, "path": "rendered/prod/clusters/other"}}
    last = operation(STEP)
    last["syncResult"]["source"] = elsewhere["source"]
    assert "no sync" in waits(application(history=[elsewhere], operationState=last))
    assert "no sync" in waits(application(history=[], operationState=None))


def test_a_history_that_argo_cd_has_cut_or_git_does_not_know_begins_later() -> None:
    known = replace(FACTS, trees={STEP: "b" * 40}, moved=frozenset((STEP,)))
    history = [entry(7, "e" * 40), entry(8, STEP, "2026-03-01T08:30:00Z")]
    assert judged(application(history=history), known)[1].since == "2026-03-01T08:30:00Z"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"project": "default"}, "is in the project default, in git prod-risk"),
        ({"source": {**SOURCE, "repoURL": "https://git.example.com/other/fleet"}}, "other/fleet"),
        ({"source": {**SOURCE, "repoURL": "https://evil.example.com/ml/fleet"}}, "evil.example"),
        ({"source": {**SOURCE, "path": "rendered/prod/clusters/other"}}, "clusters/other at main"),
        ({"source": {**SOURCE, "targetRevision": "v1"}}, "at v1 of"),
        ({"source": {**SOURCE, "directory": {"exclude": "*"}}}, "Application syncs"),
        ({"source": None, "sources": [SOURCE, SOURCE]}, "has several sources"),
        ({"sourceHydrator": {"drySource": {}}}, "has several sources"),
        ({"destination": {"namespace": "fraud", "name": "prod-us-east-1"}}, "destination"),
        ({"destination": {"namespace": "fraud", "server": "https://k.example"}}, "destination"),
        ({"ignoreDifferences": [{"kind": "VirtualService"}]}, "ignores other differences"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_application_that_is_not_as_in_git_is_not_believed(change: Json, reason: str) -> None:
    answer = application()
    spec = {**answer["spec"], **change}
    answer["spec"] = {key: value for key, value in spec.items() if value is not None}
    assert reason in why_another(read(answer), WANTED)


def test_the_application_of_another_name_is_not_believed() -> None:
    assert why_another(read(application()), WANTED) == ""
    for meta in ({"name": "other", "namespace": "argocd"}, {"name": WANTED.name}):
        answer = application() | {"metadata": meta}
        assert "Argo CD gave the Application" in why_another(read(answer), WANTED)


@pytest.mark.parametrize("address", ["git@git.example.com:ml/fleet.git",
                                     "https://git.example.com/ml/fleet"])  # fmt: skip
def test_the_same_repository_may_be_reached_in_another_way(address: str) -> None:
    answer = application()
    answer["spec"]["source"]["repoURL"] = address
    assert why_another(read(answer), WANTED) == ""


def test_hostile_texts_stay_on_one_line_and_short() -> None:
    evil = "\x1b[2J\n##[error]x https://user:pass@host/" + "A" * 5_000
    status: Json = {
        "health": {"status": evil, "message": evil},
        "sync": at(STEP, evil),
        "operationState": operation(STEP, evil, message=evil),
        "conditions": [{"type": evil, "message": evil}] * 50,
        "resources": [deployment(evil, {"status": evil, "message": evil}, "OutOfSync")] * 50,
    }
    reason = waits(application(**status))
    assert reason.isprintable() and len(reason) < 2_500
    assert "pass" not in reason and "##[" not in reason
    revision = waits(application(sync=at(evil)))
    assert revision.isprintable() and len(revision) < 300
    _, live = judged(application(sync=at(evil)))
    assert len(live.revision) < 100 and live.revision.isprintable()
