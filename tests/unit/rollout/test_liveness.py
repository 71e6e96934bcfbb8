"""Since when a step is live, what waits for that, and that a record cannot claim another time."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lockstep.gates.verdicts import judge_again
from lockstep.model.decision import Action, Decision, Phase, Position
from lockstep.model.evidence import Answer, Evidence, Verdict, worst
from lockstep.model.fleet import Family
from lockstep.model.times import format_time
from lockstep.rollout.gate_questions import questions
from lockstep.rollout.liveness import awaited, live_gates, liveness
from lockstep.rollout.needs import unmet_needs
from lockstep.rollout.plan import Move, Plan, plan
from lockstep.rollout.replay import replay
from lockstep.rollout.transitions import Need
from lockstep.spec import variants as forms
from tests.unit.fleets import family, recorded
from tests.unit.rollout.ledgers import (
    START,
    STEADY,
    adopted,
    decide,
    proposed,
    rolled_back,
    stepped,
)
from tests.unit.rollout.live_answers import asked, synced, unreachable, with_live_gate

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATE = START + 20 * MINUTE
"""When the step became live in these tests: twenty minutes after it was decided."""


def rolling(weights: dict[str, int] | None = None, **gate: Any) -> Family:
    """At the first step, in region a alone by default, with a gate that says what is live."""
    made = proposed(adopted(with_live_gate(family(), **gate)), "2")
    return stepped(made, "2", weights or {"a": 10})


def shifted(weights: dict[str, int] | None = None, **gate: Any) -> Family:
    made = rolling(weights, **gate)
    after = {c.name: forms.shifted(c.variants, "2") for c in made.clusters}
    return decide(made, Action.SHIFT, Position(Phase.SHIFTED), "2", after, START + HOUR)


def due(made: Family, now: datetime, **live: Answer) -> Plan:
    return plan(made, asked(made, now, answers(**live)), now)


def answers(**live: Answer) -> dict[str, Answer]:
    return {f"fraud-{region}": each for region, each in live.items()}


def made_of(made: Family, now: datetime, **live: Answer) -> Family:
    """After the move forward that the plan gives."""
    evidence = asked(made, now, answers(**live))
    move = plan(made, evidence, now)
    assert move.to and move.variants, move
    action = Action.VERIFY if move.move is Move.VERIFY else Action.ADVANCE
    verdict = worst(each.verdict for each in evidence)
    return decide(made, action, move.to, "2", move.variants, now,
                  evidence=tuple(evidence), verdict=verdict)  # fmt: skip


def found(made: Family) -> list[str]:
    return [finding.message for finding in replay(made)]


def test_the_bake_begins_when_the_step_is_live_in_every_cluster_of_its_wave() -> None:
    made = rolling({"a": 10, "b": 10})
    both = {"a": synced(LATE), "b": synced(START + MINUTE)}
    baking = due(made, START + HOUR, **both)
    assert baking.move is Move.WAIT and baking.bakes
    assert baking.reason == "live since 2026-03-01T08:20:00Z, baking until 2026-03-01T09:20:00Z"
    step = due(made, LATE + HOUR, **both)
    assert step.move is Move.STEP
    assert step.reason == "baked since 2026-03-01T08:20:00Z, and every gate passed"


def test_a_step_that_is_not_live_waits_whatever_the_other_gates_say() -> None:
    made = rolling({"a": 10, "b": 10})
    waits = due(made, START + 3 * HOUR, a=synced(LATE), b=synced(None, None))
    assert waits.move is Move.WAIT and waits.bakes and not waits.notify
    assert waits.reason == "not live yet: live in fraud-b: OutOfSync"
    broken = due(made, START + 3 * HOUR, a=synced(LATE), b=unreachable())
    assert "live in fraud-b: could not be asked: Argo CD cannot be reached" in broken.reason


def test_a_version_that_fails_before_it_is_live_everywhere_is_rolled_back() -> None:
    made = rolling({"a": 10, "b": 10})
    evidence = asked(made, LATE, answers(a=synced(START), b=synced(None, None)), value=0.2)
    assert plan(made, evidence, LATE).move is Move.REVERT
    crashing = due(made, LATE, a=synced(None, False), b=synced(START))
    assert crashing.move is Move.REVERT and "live in fraud-a: Degraded" in crashing.reason


def test_the_owner_is_notified_once_patience_would_have_ended() -> None:
    made = rolling()
    end = START + HOUR + 4 * HOUR  # bake and patience, from when it was decided
    late = {"a": synced(None, None)}
    assert [due(made, at, **late).notify for at in (end - MINUTE, end)] == [False, True]
    # Live at last: patience counts from the end of the bake that began then.
    live = {"a": synced(LATE, None)}
    assert [due(made, at, **live).notify for at in (end, end + 20 * MINUTE)] == [False, True]


def test_gates_count_from_when_the_step_is_live_and_from_its_decision_until_then() -> None:
    made = rolling()
    for live, since in ((synced(LATE), LATE), (synced(None, None), START)):
        said = asked(made, LATE + HOUR, answers(a=live))
        assert {each.gate["name"]: each.since for each in said} == {
            "fpr": format_time(since), "live": format_time(START),
        }  # fmt: skip


def test_a_resume_that_is_later_begins_the_bake() -> None:
    made = decide(rolling(), Action.HOLD, Position(Phase.HELD, 0, 0), "2", now=LATE)
    made = decide(made, Action.RESUME, Position(Phase.ROLLING, 0, 0), "2", now=LATE + HOUR)
    now = LATE + 90 * MINUTE
    assert liveness(made, asked(made, now, answers(a=synced(START)))).since == LATE + HOUR
    later = LATE + 80 * MINUTE
    assert liveness(made, asked(made, now, answers(a=synced(later)))).since == later


def test_finished_waves_do_not_delay_the_bake_and_have_to_pass() -> None:
    made = stepped(rolling({"a": 100}), "2", {"b": 10, "c": 10}, START + 3 * HOUR)
    now = START + 5 * HOUR
    fine = {"b": synced(START + 3 * HOUR), "c": synced(START + 3 * HOUR)}
    assert due(made, now, a=synced(now), **fine).move is Move.STEP
    waits = due(made, now, a=synced(None, None), **fine)
    assert waits.move is Move.WAIT and "live in fraud-a: OutOfSync" in waits.reason
    assert waits.reason.startswith("live since 2026-03-01T11:00:00Z, ")


def test_a_gate_of_a_segment_says_nothing_of_other_clusters() -> None:
    made = rolling({"a": 10, "b": 10}, segment="consumer")
    made.clusters[1].effective["spec"]["segment"] = {"name": "consumer", "regulated": True}
    assert awaited(made) == {"fraud-b": ["live"]}
    assert liveness(made, asked(made, LATE, answers(b=synced(LATE)))).since == LATE


def test_without_such_a_gate_a_step_is_live_when_it_is_decided() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    live = liveness(made, ())
    assert (live.since, live.asked, live.waits) == (START, False, False)
    assert "liveGates" not in made.records[-1].decision.plan
    assert "baking until" in due(made, START).reason and "live" not in due(made, START).reason


@pytest.mark.parametrize("gates", [None, "live", [None, 7, {"source": "argocd"}, {"name": 1}]])
def test_malformed_gates_are_none(gates: Any) -> None:
    made = family()
    made.spec["gates"] = gates
    assert live_gates(made) == {}


def test_decisions_by_a_person_say_nothing_of_what_they_did_not_ask() -> None:
    held = decide(rolling(), Action.HOLD, Position(Phase.HELD, 0, 0), "2", now=LATE)
    assert held.records[-1].decision.live_since is None
    assert found(held) == []


def test_the_next_record_says_since_when_the_step_was_live_and_replays() -> None:
    made = made_of(rolling(), LATE + HOUR, a=synced(LATE))
    record = made.records[-1].decision
    assert record.live_since == "2026-03-01T08:20:00Z"
    assert record.plan["liveGates"] == {f"fraud-{each}": ["live"] for each in "abc"}
    assert found(made) == []


moments = st.integers(-3600, 4 * 3600)


@given(seconds=st.lists(st.none() | moments, min_size=2, max_size=2), now=st.integers(0, 6 * 3600))
def test_what_the_plan_allows_is_what_the_replay_confirms(
    seconds: list[int | None], now: int
) -> None:
    """Whatever Argo CD says of the two clusters of the wave, and whenever it is asked."""
    made = rolling({"a": 10, "b": 10})
    at = START + timedelta(seconds=now)
    times = [None if s is None else START + timedelta(seconds=s) for s in seconds]
    live = dict(zip("ab", map(synced, times), strict=True))
    move = due(made, at, **live)
    known = [each for each in times if each is not None]
    ready = len(known) == 2 and max(START, *known) + HOUR <= at
    assert (move.move is Move.STEP) is ready
    # The same evidence with a record that claims a step: found unless it was ready.
    evidence = tuple(asked(made, at, answers(**live)))
    after = {
        c.name: forms.stepped(c.variants, "2", 100) if c.region in "ab" else c.variants
        for c in made.clusters
    }
    claimed = decide(made, Action.ADVANCE, Position(Phase.ROLLING, 0, 1), "2", after, at,
                     evidence=evidence, verdict=worst(e.verdict for e in evidence))  # fmt: skip
    assert (found(claimed) == []) is ready
    unmet = unmet_needs(made, claimed.records[-1].decision)
    assert (Need.BAKED not in unmet and Need.STEP_GATES not in unmet) is ready


def forged(**changes: Any) -> list[str]:
    """What a replay says of a step whose record was changed; the whole record is right."""
    made = rolling()
    right = made_of(made, LATE + HOUR, a=synced(LATE)).records[-1].decision
    return found(recorded(made, replace(right, **changes)))


def evidence_of(decision: Decision, **live: Any) -> tuple[Evidence, ...]:
    """The evidence with another answer of Argo CD; verdicts are as they follow from it."""

    def changed(item: Evidence) -> Evidence:
        if item.answer.live is None:
            return item
        folder = replace(item.answer.live, **live)
        other = replace(item, answer=replace(item.answer, live=folder))
        verdict, reason = judge_again(other)
        return replace(other, verdict=verdict, reason=reason)

    return tuple(map(changed, decision.evidence))


def right_record() -> Decision:
    return made_of(rolling(), LATE + HOUR, a=synced(LATE)).records[-1].decision


@pytest.mark.parametrize("claimed", [START, LATE - MINUTE, LATE + MINUTE])
def test_a_claim_of_another_time_is_found(claimed: datetime) -> None:
    (fault,) = forged(live_since=format_time(claimed))
    assert f"it says that the step was live since {format_time(claimed)}" in fault


def test_a_record_that_does_not_say_since_when_is_found() -> None:
    assert forged(live_since=None) == [
        "advance: it does not say that the step was live since 2026-03-01T08:20:00Z"
    ]


def test_a_bake_from_the_decision_on_is_found() -> None:
    decided = format_time(START + HOUR)
    asked_then = tuple(replace(e, asked_at=decided) for e in right_record().evidence)
    said = forged(decided_at=decided, evidence=asked_then)
    assert "advance: decided at 2026-03-01T09:00:00Z, before the step had baked for 1h" in said


def test_a_record_without_argo_cds_answer_is_found() -> None:
    without = tuple(e for e in right_record().evidence if e.gate["name"] != "live")
    assert any("the step was not live: live in fraud-a: it was not asked" in text
               for text in forged(evidence=without))  # fmt: skip


def test_gates_that_count_from_the_decision_on_are_found() -> None:
    earlier = tuple(replace(e, since=format_time(START)) for e in right_record().evidence)
    (fault,) = forged(evidence=earlier)
    assert (
        "its evidence counts from 2026-03-01T08:00:00Z on, and not from 2026-03-01T08:20" in fault
    )


@pytest.mark.parametrize(
    "live",
    [{"since": None}, {"since": "soon"}, {"tree": "b" * 40}, {"tree": "", "wanted_tree": ""}],
)
def test_an_answer_that_shows_no_sync_is_not_live(live: dict[str, Any]) -> None:
    changed = evidence_of(right_record(), **live)
    assert {e.verdict for e in changed} == {Verdict.PASS, Verdict.INCONCLUSIVE}
    said = forged(evidence=changed, verdict=Verdict.INCONCLUSIVE)
    assert any("the step was not live" in text for text in said)
    # Nor with the verdicts that the forger would like to have.
    liked = tuple(replace(e, verdict=Verdict.PASS) for e in changed)
    assert any("recorded pass, recomputed inconclusive" in text for text in forged(evidence=liked))


def test_a_plan_that_names_no_such_gate_helps_no_record_with_its_evidence() -> None:
    right = right_record()
    plan = {key: value for key, value in right.plan.items() if key != "liveGates"}
    assert any("live since" in text for text in forged(plan=plan, live_since=format_time(START)))
    for odd in ("fraud-a", ["fraud-a"], {"fraud-a": {"a": 1}}, 7):
        assert forged(plan={**plan, "liveGates": odd}), odd


def test_the_restore_waits_until_the_shift_is_live_where_it_moved_traffic() -> None:
    made = shifted({"a": 10, "b": 10})
    now = START + HOUR + 5 * MINUTE
    assert [q.cluster for q in questions(made, now)] == ["fraud-a", "fraud-b"]
    assert {q.moved_in for q in questions(made, now)} == {"ledger/prod/fraud/000004.json"}
    waits = due(made, now, a=synced(now), b=unreachable())
    assert waits.move is Move.WAIT and not waits.notify
    assert waits.reason == (
        "the restore waits until the shift is live: live in fraud-b: "
        "could not be asked: Argo CD cannot be reached"
    )
    assert due(made, START + HOUR + 15 * MINUTE, a=synced(now), b=unreachable()).notify
    restore = due(made, now, a=synced(now), b=synced(now - MINUTE))
    assert restore.move is Move.RESTORE and "2026-03-01T09:05:00Z" in restore.reason


def test_the_health_of_the_bad_version_does_not_delay_the_restore() -> None:
    now = START + HOUR + 5 * MINUTE
    assert due(shifted(), now, a=synced(now, False)).move is Move.RESTORE
    assert due(shifted(), now, a=synced(now, None)).move is Move.RESTORE


def test_a_restore_is_due_at_once_where_no_gate_can_tell() -> None:
    assert due(shifted(segment="consumer"), START + HOUR).move is Move.RESTORE


def test_a_lock_that_people_removed_keeps_no_restore_from_being_asked_about() -> None:
    made = dataclasses.replace(shifted(), locks={})
    assert [q.candidate for q in questions(made, LATE)] == [{"identity": {"version": "2"}}]


def restored(made: Family, now: datetime, live: Answer | None) -> Family:
    evidence = tuple(asked(made, now, answers(a=live))) if live else ()
    after = {c.name: forms.verified(c.variants) for c in made.clusters}
    verdict = worst(e.verdict for e in evidence) if evidence else None
    return decide(made, Action.RESTORE, STEADY, "2", after, now, evidence=evidence, verdict=verdict)


def test_a_restore_says_since_when_its_shift_was_live() -> None:
    now = START + HOUR + 5 * MINUTE
    made = restored(shifted(), now, synced(now, None))
    assert made.records[-1].decision.live_since == "2026-03-01T09:05:00Z"
    assert found(made) == []


@pytest.mark.parametrize("live", [None, synced(None, None), unreachable()])
def test_a_restore_before_its_shift_was_live_is_found(live: Answer | None) -> None:
    made = restored(shifted(), START + HOUR + 5 * MINUTE, live)
    (fault,) = found(made)
    assert "restore: the shift was not live: live in fraud-a: " in fault


def test_both_halves_in_one_commit_are_right_where_no_gate_can_tell() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    assert found(rolled_back(made, "2", LATE)) == []
