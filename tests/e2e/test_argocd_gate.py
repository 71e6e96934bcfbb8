"""The gate source argocd against the real one: what it takes for live, and what it does not."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockstep.argocd.client import TOKEN_VARIABLE, ArgocdApi
from lockstep.edges import bounded, clock
from lockstep.edges.git import Git
from lockstep.edges.http import Limits
from lockstep.gate_sources.argocd import ArgocdContext, ArgocdGates
from lockstep.gates.verdicts import judge_question
from lockstep.model.evidence import Answer, Question, Verdict, Workloads
from lockstep.model.times import format_time
from lockstep.rollout.next_decision import DecisionContext
from lockstep.transactions.argocd_gates import SyncedRepository
from lockstep.transactions.snapshot import Snapshot
from tests.acceptance.world import git
from tests.lab import Lab
from tests.lab.fleet import LabFleet
from tests.lab.waiting import wait_until

ENVIRONMENT, CLUSTER = "argogate", "scoring-us-east-1"
NAMESPACE = f"{ENVIRONMENT}-scoring"
CANDIDATE, STABLE = f"{CLUSTER}-v2", f"{CLUSTER}-v1"
LIMITS = Limits(seconds=30.0)


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    """A fleet whose first wave has its first step, committed and pushed."""
    fleet = LabFleet.create_rolling(lab, ENVIRONMENT, tmp_path_factory.mktemp("argogate"))
    here = f"clusters/{ENVIRONMENT}"
    server = f"    revision: main\n    server: {lab.argocd_server}\n"
    fleet.edit(f"{here}/environment.yaml", "    revision: main\n", server)
    gate = "min: 0.8}\n    - {name: live, source: argocd}\n"
    fleet.edit(f"{here}/scoring/family.yaml", "min: 0.8}\n", gate)
    fleet.publish("ask Argo CD")
    try:
        fleet.apply_root()
        fleet.wait_synced()
        fleet.merge_proposal("2")
        fleet.must("advance", f"{ENVIRONMENT}/scoring")
        fleet.wait_synced()
        yield fleet
    finally:
        fleet.remove()


@pytest.fixture(autouse=True)
def token(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, lab.argocd_token)
    bounded.start_run()


def step_record(fleet: LabFleet) -> str:
    """The newest record, which is that of the step."""
    records = sorted((fleet.clone / "ledger" / ENVIRONMENT / "scoring").glob("*.json"))
    return str(records[-1].relative_to(fleet.clone))


def question(fleet: LabFleet) -> Question:
    return Question(
        gate={"name": "live", "source": "argocd"}, cluster=CLUSTER, region="us-east-1",
        environment=ENVIRONMENT, candidate={"identity": {"version": "2"}}, stable=None,
        since=format_time(clock.now()), now=format_time(clock.now()),
        place=Workloads("", NAMESPACE, CANDIDATE, STABLE), moved_in=step_record(fleet),
    )  # fmt: skip


def ask(fleet: LabFleet, limits: Limits = LIMITS, **changed: Any) -> Answer:
    """What the gate says of the first cluster now, at the tip of main."""
    git(fleet.clone, "fetch", "--quiet", "origin")
    tip = fleet.tip()
    context = DecisionContext(clock.now(), "a runner <runner@example.com>", tip)
    path = f"clusters/{ENVIRONMENT}/environment.yaml"
    files = {path: (fleet.clone / path).read_bytes()}
    repository = SyncedRepository(Git(fleet.clone), Snapshot(files, {}, context))

    def open_api(server: str, environment: str) -> ArgocdApi:
        return ArgocdApi(server, environment, asking=limits, refreshing=limits)

    gates = ArgocdGates(
        ArgocdContext(repository.server, repository.wanted, repository.facts, open_api)
    )
    return gates.ask(replace(question(fleet), **changed))


def verdict(fleet: LabFleet, answer: Answer) -> tuple[Verdict, str]:
    found = judge_question(question(fleet), answer)
    return found.verdict, found.reason


def until(fleet: LabFleet, wanted: Verdict, words: str) -> str:
    """Ask until the gate gives a verdict for a reason with these words, and give that."""
    said = [(Verdict.ERROR, "")]

    def arrived() -> bool:
        bounded.start_run()  # as the next run of a verb does
        said[0] = verdict(fleet, ask(fleet))
        return said[0][0] is wanted and words in said[0][1]

    wait_until(arrived, 60, lambda: str(said[0]))
    return said[0][1]


def test_a_step_is_live_since_its_entry_in_the_history(fleet: LabFleet) -> None:
    answer = ask(fleet)
    assert verdict(fleet, answer)[0] is Verdict.PASS, verdict(fleet, answer)
    history = fleet.application(CLUSTER)["status"]["history"]
    assert answer.live and answer.live.since == history[-1]["deployedAt"]
    assert answer.live.tree == answer.live.wanted_tree
    assert answer.live.wanted_tree == git(
        fleet.clone, "rev-parse", f"origin/main:rendered/{ENVIRONMENT}/clusters/{CLUSTER}"
    )


def test_a_commit_of_something_else_changes_nothing(fleet: LabFleet) -> None:
    before = ask(fleet).live
    git(fleet.clone, "merge", "--quiet", "--ff-only", "origin/main")
    (fleet.clone / "README.md").write_text("a fleet\n")
    commit = fleet.commit("Describe the fleet")
    fleet.push()
    after = ask(fleet).live
    assert before and after and after.revision == commit != before.revision
    assert after.since == before.since and after.tree == before.tree


def test_a_controller_that_is_down_is_no_evidence(fleet: LabFleet, lab: Lab) -> None:
    lab.pause("argocd-controller")
    try:
        status = fleet.application(CLUSTER)["status"]
        assert status["sync"]["status"] == "Synced" and status["health"]["status"] == "Healthy"
        found, reason = verdict(fleet, ask(fleet, Limits(seconds=4.0)))
    finally:
        lab.resume("argocd-controller")
    assert found is Verdict.ERROR and "Argo CD's application controller" in reason
    until(fleet, Verdict.PASS, "live since")


def test_a_token_without_the_right_is_refused(
    fleet: LabFleet, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in ("none", f"{lab.argocd_token[:-6]}AAAAAA"):
        monkeypatch.setenv(TOKEN_VARIABLE, token)
        found, said = verdict(fleet, ask(fleet))
        assert found is Verdict.ERROR and token not in said
        assert "refused the token, or the lack of one (HTTP 401)" in said


def test_an_application_that_is_not_there_is_an_error(fleet: LabFleet) -> None:
    folder = fleet.clone / "rendered" / ENVIRONMENT / "clusters" / CLUSTER
    api = ArgocdApi(fleet.lab.argocd_server, ENVIRONMENT)
    assert folder.is_dir() and api.account() == "lockstep" and api.version()
    with pytest.raises(Exception, match=r"HTTP 40[34]"):
        api.application(f"{ENVIRONMENT}-other", "argocd", "default")
    with pytest.raises(Exception, match=r"HTTP 40[34]"):
        api.application(f"{ENVIRONMENT}-{CLUSTER}", "argocd", "other")


def degrade(fleet: LabFleet, deployment: str) -> None:
    """Say of a Deployment what Kubernetes says once its pods have not become ready in time."""
    late = {
        "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": "ReplicaSet has timed out progressing.",
        "lastUpdateTime": format_time(clock.now()),
        "lastTransitionTime": format_time(clock.now()),
    }  # fmt: skip
    patch = json.dumps({"status": {"conditions": [late]}})
    fleet.kubectl("patch", "deployments.apps", deployment, "--namespace", NAMESPACE,
                  "--subresource=status", "--type=merge", "--patch", patch)  # fmt: skip


def test_only_the_candidate_that_is_degraded_fails(fleet: LabFleet, lab: Lab) -> None:
    lab.pause("controllers")  # it would correct the status at once
    try:
        degrade(fleet, STABLE)
        reason = until(fleet, Verdict.INCONCLUSIVE, "Degraded")
        assert f"Deployment {STABLE} Degraded" in reason
        assert f"argocd app get argocd/{ENVIRONMENT}-{CLUSTER}" in reason
        degrade(fleet, CANDIDATE)
        reason = until(fleet, Verdict.FAIL, "Degraded")
        assert f"the candidate's Deployment {CANDIDATE} is Degraded" in reason
    finally:
        lab.resume("controllers")
    for name in (STABLE, CANDIDATE):  # any change has its controller look at it
        fleet.kubectl("annotate", "deployments.apps", name, "--namespace", NAMESPACE, "seen=yes",
                      "--overwrite")  # fmt: skip
    until(fleet, Verdict.PASS, "live since")


def test_a_sync_that_a_quota_refuses_says_so(fleet: LabFleet) -> None:
    git(fleet.clone, "fetch", "--quiet", "origin")
    git(fleet.clone, "reset", "--quiet", "--hard", "origin/main")
    before = ask(fleet).live
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "tight", "namespace": NAMESPACE},
        "spec": {"hard": {"count/services": "1"}},
    }  # fmt: skip
    fleet.lab.apply(quota)
    service = {"apiVersion": "v1", "kind": "Service",
               "metadata": {"name": f"{CLUSTER}-more", "namespace": NAMESPACE},
               "spec": {"ports": [{"port": 80}]}}  # fmt: skip
    more = Path("rendered", ENVIRONMENT, "clusters", CLUSTER, "more.yaml")
    (fleet.clone / more).write_text(json.dumps(service))
    fleet.commit("Ask for more than the quota has")
    fleet.push()
    reason = until(fleet, Verdict.INCONCLUSIVE, "exceeded quota")
    assert f"Service {CLUSTER}-more" in reason and reason.startswith("OutOfSync")
    assert ask(fleet).live.since is None  # type: ignore[union-attr]
    git(fleet.clone, "revert", "--no-edit", "HEAD")
    fleet.push()
    # The folder is as it was: live again, and not since before it was changed.
    until(fleet, Verdict.PASS, "live since")
    after = ask(fleet).live
    assert before and after and before.tree == after.tree
    assert before.since and after.since and before.since < after.since
    fleet.kubectl("delete", "resourcequota", "tight", "--namespace", NAMESPACE)
