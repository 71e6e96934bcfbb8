"""A replay finds every verdict and every move that a record's own evidence does not carry."""

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.evidence import Answer, Evidence, Measurement, Verdict
from lockstep.model.fleet import Family
from lockstep.rollout.position import verified_decision, verified_versions
from lockstep.rollout.replay import replay_moves, replay_verdicts
from lockstep.spec import variants as forms
from tests.unit.fleets import family, recorded
from tests.unit.rollout.ledgers import (
    PROPOSED,
    STEADY,
    VERIFIED,
    adopted,
    decide,
    proposed,
    with_variants,
)

GATE = {"name": "fpr", "source": "mlflow", "metric": "fpr", "max": 0.03}
TIME = "2026-03-01T08:00:00Z"
ROLLING = Position(Phase.ROLLING, 0, 0)


def evidence(value: float | None, verdict: Verdict, **changes: Any) -> Evidence:
    made = Evidence(
        GATE, "fraud-a", "2", "1", TIME, TIME, Answer("fpr", Measurement(value, time=TIME)),
        verdict, "said so",
    )  # fmt: skip
    return replace(made, **changes)


GOOD = evidence(0.01, Verdict.PASS)
BAD = evidence(0.09, Verdict.FAIL)


def decided(action: Action, items: list[Evidence], verdict: Verdict | None) -> Family:
    made = proposed(adopted(family()), "2")
    made = decide(made, Action.ADVANCE, ROLLING, "2")
    to = Position(Phase.ROLLING, 0, 1) if action is Action.ADVANCE else STEADY
    return decide(made, action, to, "2", evidence=tuple(items), verdict=verdict)


def found(made: Family) -> list[tuple[str, str]]:
    return [(finding.rule, finding.message) for finding in replay_verdicts(made)]


@pytest.mark.parametrize("action", [Action.ADVANCE, Action.VERIFY])
def test_a_pass_of_every_gate_carries_a_move_forward(action: Action) -> None:
    assert found(decided(action, [GOOD, GOOD], Verdict.PASS)) == []


def test_a_failure_supports_a_rollback() -> None:
    assert found(decided(Action.SHIFT, [GOOD, BAD], Verdict.FAIL)) == []


def test_a_forged_verdict_of_one_gate_is_recomputed() -> None:
    forged = replace(BAD, verdict=Verdict.PASS)
    assert found(decided(Action.ADVANCE, [GOOD, forged], Verdict.PASS)) == [
        ("replay.verdict", "gate fpr in fraud-a: recorded pass, recomputed fail"),
        ("replay.verdict", "the record says pass, its evidence says fail"),
        ("replay.action", "advance does not follow from the verdict fail"),
    ]


def test_a_forged_verdict_of_the_whole_is_recomputed() -> None:
    wrong = decided(Action.RESTORE, [GOOD], Verdict.FAIL)
    assert found(wrong) == [("replay.verdict", "the record says fail, its evidence says pass")]


@pytest.mark.parametrize("items", [[], [evidence(None, Verdict.INCONCLUSIVE)]])
def test_nothing_moves_forward_without_a_pass(items: list[Evidence]) -> None:
    made = decided(Action.VERIFY, items, Verdict.INCONCLUSIVE)
    assert [rule for rule, _ in found(made)] == ["replay.action"]


def test_a_pass_without_evidence_is_not_believed() -> None:
    made = decided(Action.VERIFY, [], Verdict.PASS)
    assert [rule for rule, _ in found(made)] == ["replay.action"]


def test_the_first_step_and_decisions_of_people_need_no_evidence() -> None:
    made = proposed(adopted(family()), "2")
    assert made.records[-1].decision.to == PROPOSED
    made = decide(made, Action.ADVANCE, ROLLING, "2")
    for action in (Action.HOLD, Action.RESUME, Action.RELEASE, Action.SHIFT, Action.RESTORE):
        made = decide(made, action, STEADY, "2")
    assert found(made) == []


@pytest.mark.parametrize(
    "changes",
    [{"gate": {}}, {"gate": {"name": [], "max": "x"}}, {"gate": {**GATE, "max": None}},
     {"since": "yesterday"}, {"asked_at": ""}, {"gate": {**GATE, "confidence": 7}},
     {"gate": {**GATE, "minSamples": "many"}}, {"gate": {**GATE, "maxAge": "x"}}],
)  # fmt: skip
def test_evidence_that_makes_no_sense_is_no_pass(changes: dict[str, Any]) -> None:
    made = decided(Action.ADVANCE, [evidence(0.01, Verdict.PASS, **changes)], Verdict.PASS)
    assert {rule for rule, _ in found(made)} == {"replay.verdict", "replay.action"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"candidate_version": "9"}, "the evidence is about version 9"),
     ({"asked_at": "2026-03-01T08:30:00Z"}, "it was asked at 2026-03-01T08:30:00Z, and not for")],
)  # fmt: skip
def test_evidence_of_another_decision_is_found(changes: dict[str, Any], text: str) -> None:
    made = decided(Action.ADVANCE, [evidence(0.01, Verdict.PASS, **changes)], Verdict.PASS)
    assert [(rule, text in message) for rule, message in found(made)] == [("replay.verdict", True)]


def test_live_evidence_counts_from_the_running_step_on() -> None:
    earlier = evidence(0.01, Verdict.PASS, since="2026-03-01T07:00:00Z")
    for items, count in (([GOOD], 0), ([GOOD, earlier], 1)):
        texts = [f.message for f in replay_moves(decided(Action.ADVANCE, items, Verdict.PASS))]
        assert sum("counts from 2026-03-01T07:00:00Z on" in text for text in texts) == count


def test_every_record_is_replayed_and_named() -> None:
    made = decided(Action.ADVANCE, [BAD], Verdict.PASS)
    forged = replace(made.records[-1].decision, sequence=6)
    files = {finding.file for finding in replay_verdicts(recorded(made, forged))}
    assert files == {"ledger/prod/fraud/000004.json", "ledger/prod/fraud/000006.json"}


def test_a_name_of_a_gate_that_is_no_text_is_no_traceback() -> None:
    odd = replace(GOOD, gate={**GATE, "name": {"a": 1}})
    made = proposed(adopted(family()), "2")
    forged = replace(made.records[-1].decision, evidence=(odd,), plan={"proposeGates": {"a": [[]]}})
    assert replay_verdicts(recorded(replace_records(made, 1), forged))


def replace_records(made: Family, count: int) -> Family:
    return dataclasses.replace(made, records=made.records[:count])


@pytest.mark.parametrize(
    ("action", "to"),
    [(Action.RESUME, Position(Phase.PROPOSED, 0, 0)), (Action.RESUME, Position(Phase.ROLLING))],
)
def test_a_position_has_a_step_only_where_its_phase_has_one(action: Action, to: Position) -> None:
    held = Position(Phase.HELD, to.wave, to.step)
    made = decide(proposed(adopted(family()), "2"), Action.ADVANCE, ROLLING, "2")
    made = decide(decide(made, Action.HOLD, held, "2"), action, to, "2")
    (fault,) = [f for f in replay_moves(made) if f.file == made.records[-1].decision.path]
    assert fault.message == f"resume: this action cannot lead from {held} to {to}"


def test_only_actions_that_verify_may_hold_a_verified_state() -> None:
    made = proposed(adopted(family()), "2")
    forged = decide(made, Action.HOLD, Position(Phase.HELD), "2", verified_state=VERIFIED)
    assert "hold: this action makes no verified state, and the record holds one" in [
        finding.message for finding in replay_moves(forged)
    ]
    assert verified_decision(forged) == made.records[0].decision
    assert verified_versions(forged) == {"1"}


def test_a_retired_arm_follows_from_the_variants_before_it() -> None:
    arm = {"name": "b", "version": "3", "weight": 30, "experiment": True}
    made = with_variants(family(), {"name": "stable", "version": "1", "weight": 70}, arm)
    made = decide(proposed(adopted(made), "2"), Action.ADVANCE, ROLLING, "2")
    after = {c.name: forms.retired(c.variants, {"3"}, warm=True) for c in made.clusters}
    for variants, count in ((after, 0), (None, 3)):
        retired = decide(made, Action.RETIRE, ROLLING, "3", variants, quarantines=True)
        path = retired.records[-1].decision.path
        assert len([f for f in replay_moves(retired) if f.file == path]) == count


def test_moves_are_replayed_from_the_newest_adoption_that_settles_broken_records() -> None:
    made = decide(proposed(adopted(family()), "2"), Action.RESUME, PROPOSED, "2")
    assert len(replay_moves(made)) == 1
    settled = decide(made, Action.ADOPT, STEADY, "1", verified_state=VERIFIED)
    assert len(replay_moves(settled)) == 1, "it names nothing"
    newest = replace(settled.records[-1].decision, broken_records={"ledger/x": None})
    named = recorded(made, newest)
    assert replay_moves(named) == []
    assert len(replay_moves(decide(named, Action.RESUME, PROPOSED, "2"))) == 1
