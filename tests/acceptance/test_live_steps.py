"""Rollouts and rollbacks where a gate says what Argo CD has live, with its API at the wire."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from lockstep.model.record import write_record
from tests.acceptance.argocd_server import FakeArgoCD, argocd
from tests.acceptance.forgeries import newest, refused
from tests.acceptance.reverts import live, revert
from tests.acceptance.rollouts import DAY, HEAD, advance, publish, rewrite
from tests.acceptance.world import FAMILY, World

US, EU = "us-east-1", "eu-west-1"


@pytest.fixture
def syncing(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeArgoCD]:
    with argocd(world, monkeypatch) as server:
        yield server


def at(world: World, time: str, *options: str) -> tuple[int, str]:
    return world.lockstep("advance", FAMILY, *options, at=f"{DAY}{time}:00Z")


def begin(world: World, syncing: FakeArgoCD) -> None:
    """Version 2 has a tenth of the first region since 08:00, and Argo CD does not know it yet."""
    syncing.sync(f"{DAY}07:00:00Z")
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")
    syncing.sync(f"{DAY}08:00:00Z")
    code, said = advance(world, "08")
    assert code == 0, said


def replays(world: World) -> None:
    world.must("audit", FAMILY, "--verify", "--replay")
    world.must("check")


def test_a_whole_rollout_bakes_from_when_each_step_is_live(
    world: World, syncing: FakeArgoCD
) -> None:
    begin(world, syncing)
    code, said = at(world, "09:30")
    assert code == 12 and "not live yet: live in scoring-us-east-1: " in said
    assert "which is from before" in said and "argocd app get argocd/prod-scoring-us-east-1" in said
    assert at(world, "09:30", "--waiting-is-clean")[0] == 0
    syncing.sync(f"{DAY}09:10:00Z", US)
    code, said = at(world, "10:00")
    assert code == 12
    assert "live since 2026-03-01T09:10:00Z, baking until 2026-03-01T10:10:00Z" in said
    for decided, synced in (("10:10", "10:15"), ("12:15", "12:20"), ("13:20", "13:25")):
        code, said = at(world, decided)
        assert code == 0, said
        syncing.sync(f"{DAY}{synced}:00Z", *([US] if decided == "10:10" else [EU]))
    code, said = at(world, "15:25")
    assert code == 0 and "version 2 is verified" in said
    records = world.records()
    assert [each["spec"].get("liveSince") for each in records[-4:]] == [
        f"{DAY}{time}:00Z" for time in ("09:10", "10:15", "12:20", "13:25")
    ]
    for record in records[-4:]:
        counted = {e["since"] for e in record["spec"]["evidence"] if e["gate"]["name"] == "auc"}
        assert counted == {record["spec"]["liveSince"]}
    (answer,) = [e["answer"]["live"] for e in records[-4]["spec"]["evidence"]
                 if e["gate"]["source"] == "argocd"]  # fmt: skip
    assert answer["since"] == f"{DAY}09:10:00Z" and answer["tree"] == answer["wantedTree"]
    replays(world)


def test_a_candidate_that_crashes_is_rolled_back_in_two_commits(
    world: World, syncing: FakeArgoCD
) -> None:
    begin(world, syncing)
    syncing.degraded.add("scoring-us-east-1-v2")
    syncing.sync(f"{DAY}08:05:00Z", US)
    code, said = at(world, "08:10")
    assert code == 12 and "scoring-us-east-1-v2 is Degraded" in said
    assert "the restore waits until Argo CD has the shift live in every cluster" in said
    shifted = live(world)
    assert shifted.actions[-1] == "shift" and shifted.everywhere == {"1": 100}
    assert shifted.pods[US] == {"1", "2"} and shifted.quarantine == {"2"}
    code, said = at(world, "08:12")
    assert code == 12 and live(world) == shifted
    assert "the restore waits until the shift is live: live in scoring-us-east-1: " in said
    assert "notify" not in said
    assert "notify credit-ml@example.com" in at(world, "08:25")[1]
    # The bad version is as Degraded as before: only its traffic counts.
    syncing.sync(f"{DAY}08:26:00Z")
    code, said = at(world, "08:27")
    assert code == 12 and "restore: every cluster as verified" in said
    restored = live(world)
    assert restored.actions[-2:] == ["shift", "restore"] and restored.pods[US] == {"1"}
    record = world.records()[-1]["spec"]
    assert record["liveSince"] == f"{DAY}08:26:00Z" and record["verdict"] == "fail"
    assert [e["cluster"] for e in record["evidence"]] == ["scoring-us-east-1"]
    replays(world)


def test_argo_cd_that_is_down_delays_no_shift_and_the_restore_waits(
    world: World, syncing: FakeArgoCD
) -> None:
    begin(world, syncing)
    syncing.sync(f"{DAY}08:05:00Z", US)
    syncing.down = True
    code, said = revert(world, hour="08", minute="30")
    assert code == 0 and "shift: all traffic goes to the running stable version" in said
    shifted = live(world)
    assert shifted.everywhere == {"1": 100} and shifted.quarantine == {"2"}
    for code, said in (revert(world, hour="08", minute="31"), at(world, "08:31"),
                       at(world, "08:31", "--rollbacks-only")):  # fmt: skip
        assert code == 12 and "the restore waits until the shift is live" in said
        assert "could not be asked" in said and live(world) == shifted
    assert at(world, "08:31", "--waiting-is-clean")[0] == 0
    assert at(world, "09:00", "--waiting-is-clean")[0] == 12, "its owner is notified"
    syncing.down = False
    syncing.sync(f"{DAY}09:01:00Z")
    code, said = revert(world, hour="09", minute="02")
    assert code == 0 and "restore: every cluster as verified" in said
    assert live(world).pods[US] == {"1"}
    code, said = revert(world, hour="09", minute="03")
    assert code == 0 and "nothing to do: version 2 was rolled back" in said
    replays(world)


def test_without_the_gate_a_restore_that_waited_is_made_at_once(
    world: World, syncing: FakeArgoCD
) -> None:
    begin(world, syncing)
    syncing.down = True
    revert(world, hour="08", minute="30")
    world.git("pull", "--quiet")
    rewrite(world, HEAD, lambda text: text.replace("    - {name: live, source: argocd}\n", ""))
    code, said = revert(world, hour="08", minute="40")
    assert code == 0 and "restore: every cluster as verified" in said
    assert live(world).actions[-2:] == ["shift", "restore"]
    replays(world)


def test_a_proposal_without_traffic_is_withdrawn_in_one_commit(
    world: World, syncing: FakeArgoCD
) -> None:
    syncing.down = True
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")
    code, said = revert(world, hour="09")
    assert code == 0 and "the proposal of version 2 is withdrawn" in said
    assert live(world).actions[-1] == "restore"


def test_a_hold_and_a_resume_begin_the_bake_anew(world: World, syncing: FakeArgoCD) -> None:
    begin(world, syncing)
    syncing.sync(f"{DAY}08:10:00Z", US)
    world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}08:20:00Z")
    world.must("resume", FAMILY, "--reason", "it is answered", at=f"{DAY}08:40:00Z")
    code, said = at(world, "09:30")
    assert code == 12 and "baking until 2026-03-01T09:40:00Z" in said
    assert at(world, "09:40")[0] == 0
    assert world.records()[-1]["spec"]["liveSince"] == f"{DAY}08:40:00Z"
    replays(world)


def test_a_pushed_step_without_argo_cds_answer_stops_what_moves_forward(
    world: World, syncing: FakeArgoCD
) -> None:
    """All else of it is right: only that the step was live is not shown."""
    begin(world, syncing)
    syncing.sync(f"{DAY}08:10:00Z", US)
    assert at(world, "09:10")[0] == 0
    world.git("pull", "--quiet")
    right = newest(world)
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    asked = tuple(item for item in right.evidence if item.gate["source"] != "argocd")
    plan = {key: value for key, value in right.plan.items() if key != "liveGates"}
    for forged in ({"evidence": asked}, {"evidence": asked, "plan": plan, "live_since": None}):
        path = world.clone / right.path
        path.write_bytes(write_record(replace(right, **forged)))
        code, said = world.lockstep("check", "--base", "HEAD")
        assert code == 10 and right.path in said, said
        assert "since when the step was live" in said or "the step was not live" in said, said
    world.git("push", "--quiet", "--force", "origin", "HEAD:main")
    path.write_bytes(write_record(replace(right, evidence=asked)))
    publish(world, "pushed past everything")
    assert world.lockstep("audit", FAMILY, "--replay")[0] == 13
    code, said = at(world, "12:00")
    assert code == 12 and "broken records" in said


def test_a_pull_request_restores_no_cluster_before_its_shift_is_live(
    world: World, syncing: FakeArgoCD
) -> None:
    begin(world, syncing)
    revert(world, hour="08", minute="30")
    syncing.sync(f"{DAY}08:40:00Z")
    assert revert(world, hour="08", minute="45")[0] == 0
    world.git("pull", "--quiet")
    right = newest(world)
    tree = world.git("rev-parse", "HEAD^{tree}")
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    world.git("push", "--quiet", "--force", "origin", "HEAD:main")
    world.git("fetch", "--quiet", "origin")
    world.git("read-tree", "-u", "--reset", tree)
    plan = {key: value for key, value in right.plan.items() if key != "liveGates"}
    forged = replace(right, evidence=(), verdict=None, live_since=None, plan=plan)
    (world.clone / right.path).write_bytes(write_record(forged))
    refused(world, "restore needs a shift that is live in every cluster that it moved")
