"""How a rollout moves: position by position, by the evidence and the time alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from lockstep.model.decision import Action, Phase, Position, Target, Variants, VerifiedState
from lockstep.model.errors import Invalid
from lockstep.model.evidence import Answer, Evidence, Measurement, Verdict
from lockstep.model.fleet import Family
from lockstep.model.times import format_time
from lockstep.rollout.gate_questions import questions
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.plan import Move, plan
from lockstep.rollout.position import current_variants, position_of
from lockstep.spec import variants as forms
from tests.unit.fleets import digest_of, family, recorded

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
TWO = Target("2", digest_of("2"))


def decide(
    before: Family, action: Action, to: Position, variants: dict[str, Variants], now: datetime
) -> Family:
    context = DecisionContext(now, "a runner <runner@example.com>", "c" * 40)
    details: dict[str, Any] = (
        {"verified_state": VerifiedState(None, {}, {})} if action is Action.ADOPT else {}
    )
    target = Target("1", digest_of("1")) if action is Action.ADOPT else TWO
    decision = next_decision(before, action, to, target, variants, "because", context, **details)
    return recorded(before, decision)


def adopted() -> Family:
    before = family()
    steady = current_variants(before)
    return decide(before, Action.ADOPT, Position(Phase.STEADY), steady, START)


def proposed() -> Family:
    before = adopted()
    candidate = {c.name: forms.proposed(c.variants, "2") for c in before.clusters}
    return decide(before, Action.PROPOSE, Position(Phase.PROPOSED), candidate, START)


def evidence(before: Family, verdict: Verdict, now: datetime) -> list[Evidence]:
    return [
        Evidence(
            q.gate, q.cluster, "2", "1", q.since, format_time(now),
            Answer("fpr", Measurement(0.01)), verdict, f"said {verdict}",
        )
        for q in questions(before, now)
    ]  # fmt: skip


def moved(before: Family, now: datetime, verdict: Verdict = Verdict.PASS) -> Family:
    due = plan(before, evidence(before, verdict, now), now)
    assert due.to is not None and due.variants is not None, due
    action = Action.VERIFY if due.move is Move.VERIFY else Action.ADVANCE
    return decide(before, action, due.to, due.variants, now)


def shares(at: Family, version: str) -> list[int]:
    return [forms.weight_of(cluster.variants, version) for cluster in at.clusters]


def test_a_healthy_version_rolls_out_wave_by_wave_and_ends_verified() -> None:
    at, now = proposed(), START
    seen = []
    while position_of(at).phase is not Phase.STEADY:
        at = moved(at, now)
        seen.append((str(position_of(at)), shares(at, "2")))
        now += timedelta(hours=2)
    assert seen == [
        ("rolling wave 1 step 1", [10, 0, 0]),
        ("rolling wave 1 step 2", [100, 0, 0]),
        ("rolling wave 2 step 1", [100, 10, 10]),
        ("rolling wave 2 step 2", [100, 100, 100]),
        ("steady", [100, 100, 100]),
    ]
    assert all(forms.settled(cluster.variants) for cluster in at.clusters)


def test_the_previous_version_stays_warm_until_the_new_one_is_verified() -> None:
    at = moved(moved(proposed(), START), START + timedelta(hours=1))
    assert at.clusters[0].variants[-1] == {
        "name": "previous", "version": "1", "weight": 0, "warm": True,
    }  # fmt: skip


def test_gates_are_asked_of_every_cluster_with_weight_finished_waves_included() -> None:
    at = proposed()
    assert questions(at, START) == []
    for hours in (0, 1, 3):
        at = moved(at, START + timedelta(hours=hours))
    asked = questions(at, START + timedelta(hours=4))
    assert [question.cluster for question in asked] == ["fraud-a", "fraud-b", "fraud-c"]
    assert {question.since for question in asked} == {format_time(START + timedelta(hours=3))}


def test_a_gate_of_a_segment_is_asked_of_its_clusters_only() -> None:
    at = moved(proposed(), START)
    at.clusters[0].effective["spec"]["segment"] = {"name": "consumer", "regulated": True}
    at.spec["gates"].append({**at.spec["gates"][0], "name": "own", "segment": "consumer"})
    at.spec["gates"].append({**at.spec["gates"][0], "name": "other", "segment": "business"})
    asked = questions(at, START)
    assert [(q.cluster, q.gate["name"], q.segment) for q in asked] == [
        ("fraud-a", "fpr", "consumer"), ("fraud-a", "own", "consumer"),
    ]  # fmt: skip


def test_a_live_comparison_is_left_out_where_nothing_else_serves() -> None:
    at = proposed()
    at.spec["gates"][0] |= {"live": True, "maxDropVsStable": 0.01}
    shared = moved(at, START)
    (asked,) = questions(shared, START)
    assert asked.gate["maxDropVsStable"] == 0.01
    whole = moved(shared, START + timedelta(hours=1))
    (asked,) = questions(whole, START)
    assert "maxDropVsStable" not in asked.gate and asked.gate["max"] == 0.03


def test_a_candidate_without_a_lock_cannot_be_judged() -> None:
    at = moved(proposed(), START)
    with pytest.raises(Invalid, match="version 2 has no lock"):
        questions(replace(at, locks={}), START)


def test_nothing_moves_while_the_step_bakes() -> None:
    at = moved(proposed(), START)
    now = START + timedelta(minutes=59)
    due = plan(at, evidence(at, Verdict.PASS, now), now)
    assert (due.move, due.reason) == (Move.WAIT, "baking until 2026-03-01T09:00:00Z")


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.ERROR])
def test_what_is_not_known_waits_and_notifies_when_it_lasts(verdict: Verdict) -> None:
    at = moved(proposed(), START)
    for hours, notified in ((1, False), (4.9, False), (5, True)):
        now = START + timedelta(hours=hours)
        due = plan(at, evidence(at, verdict, now), now)
        assert (due.move, due.notify, due.verdict) == (Move.WAIT, notified, verdict)


def test_a_step_that_was_taken_out_of_the_plan_waits_for_people() -> None:
    at = moved(moved(proposed(), START), START + timedelta(hours=1))
    del at.spec["rollout"]["steps"][1]
    later = START + timedelta(days=1)
    due = plan(at, evidence(at, Verdict.PASS, later), later)
    assert (due.move, due.notify) == (Move.WAIT, True) and "no step 2" in due.reason


def test_a_rollout_without_any_evidence_never_moves() -> None:
    at = moved(proposed(), START)
    due = plan(at, [], START + timedelta(days=9))
    assert (due.move, due.verdict) == (Move.WAIT, Verdict.INCONCLUSIVE)


def test_one_failing_cluster_rolls_the_family_back_even_while_it_bakes() -> None:
    at = moved(moved(proposed(), START), START + timedelta(hours=1))
    now = START + timedelta(hours=1, minutes=1)
    items = evidence(at, Verdict.PASS, now)
    items[0] = structs.replace(items[0], verdict=Verdict.FAIL, reason="0.09 is above 0.03")
    due = plan(at, items, now)
    assert (due.move, due.reason) == (Move.REVERT, "fpr in fraud-a: 0.09 is above 0.03")


def test_on_failure_hold_is_one_record_and_then_only_a_report() -> None:
    at = moved(proposed(), START)
    at.spec["rollout"]["onFailure"] = "hold"
    now = START + timedelta(hours=1)
    due = plan(at, evidence(at, Verdict.FAIL, now), now)
    assert (due.move, due.notify) == (Move.HOLD, True)
    assert due.to is not None and due.variants is not None
    held = decide(at, Action.HOLD, due.to, due.variants, now)
    assert plan(held, evidence(held, Verdict.FAIL, now), now).move is Move.WAIT


def test_a_held_rollout_does_not_move_but_a_failure_still_rolls_it_back() -> None:
    at = moved(proposed(), START)
    held = decide(at, Action.HOLD, Position(Phase.HELD, 0, 0), current_variants(at), START)
    later = START + timedelta(days=1)
    assert plan(held, evidence(held, Verdict.PASS, later), later).move is Move.WAIT
    assert plan(held, evidence(held, Verdict.FAIL, later), later).move is Move.REVERT


def test_a_weight_edited_by_hand_has_diverged_and_nothing_moves_it() -> None:
    at = moved(proposed(), START)
    at.clusters[0].variants[0]["weight"] = 60
    later = START + timedelta(days=1)
    for verdict in Verdict:
        due = plan(at, evidence(at, verdict, later), later)
        assert due.move is Move.DIVERGED
    assert "clusters/prod/fraud/a.yaml:7" in due.reason and "stable 1@60" in due.reason


def test_a_cluster_that_appears_or_vanishes_behind_the_ledger_has_diverged() -> None:
    at = moved(proposed(), START)
    assert plan(replace(at, clusters=at.clusters[:2]), [], START).move is Move.DIVERGED


def test_the_same_inputs_give_the_same_decision_id_at_any_time_by_anyone() -> None:
    at = proposed()
    due = plan(at, [], START)
    assert due.to is not None and due.variants is not None
    ids = {
        next_decision(
            at, Action.ADVANCE, due.to, TWO, due.variants, reason, DecisionContext(now, who, base)
        ).id
        for reason, now, who, base in [
            ("x", START, "a <a@example.com>", None),
            ("y", START + timedelta(days=1), "b <b@example.com>", "d" * 40),
        ]
    }
    assert len(ids) == 1


@given(st.lists(st.sampled_from(list(Verdict)), min_size=3, max_size=3), st.integers(0, 500))
def test_forward_needs_a_pass_of_every_gate_and_a_whole_bake(
    verdicts: list[Verdict], minutes: int
) -> None:
    at = proposed()
    for hours in (0, 1, 3):
        at = moved(at, START + timedelta(hours=hours))
    now = START + timedelta(hours=3, minutes=minutes)
    items = evidence(at, Verdict.PASS, now)
    items = [structs.replace(i, verdict=v) for i, v in zip(items, verdicts, strict=True)]
    forward = plan(at, items, now).move in (Move.STEP, Move.VERIFY)
    assert forward == (set(verdicts) == {Verdict.PASS} and minutes >= 60)
