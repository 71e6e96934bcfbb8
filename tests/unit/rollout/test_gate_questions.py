"""Gates that are asked before the first step: of which clusters, when, and what replay demands."""

import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace

from lockstep.gates.verdicts import judge_question
from lockstep.model.decision import Action, Decision, Phase, Position
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Condition, Evidence, Verdict
from lockstep.model.fleet import Family, Fleet
from lockstep.model.times import format_time
from lockstep.rollout.gate_questions import propose_gates, questions, questions_of_proposal
from lockstep.rollout.history import check_history
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.plan import Move, plan
from lockstep.rollout.position import position_of
from lockstep.rollout.replay import replay
from lockstep.spec import variants as forms
from tests.unit.fleets import digest_of, family, fleet, recorded
from tests.unit.rollout.ledgers import (
    PROPOSED,
    SOMEBODY,
    START,
    adopted,
    decide,
    in_phase,
    stepped,
    target_of,
)

LATER = START + timedelta(hours=1)
SMOKE = {"name": "smoke", "source": "file", "when": "propose"}
LOCK: Json = {"identity": {"version": "2", "digest": digest_of("2")}}
HERE = DecisionContext(START, SOMEBODY, "c" * 40)


def with_gate(made: Family, **settings: Json) -> Family:
    made.spec["gates"].append({**SMOKE, **settings})
    return made


def proposal(before: Family, evidence: tuple[Evidence, ...]) -> Decision:
    variants = {c.name: forms.proposed(c.variants, "2") for c in before.clusters}
    verdict = Verdict.PASS if evidence else None
    return next_decision(
        before, Action.PROPOSE, PROPOSED, target_of("2"), variants, "because", HERE,
        evidence=evidence, verdict=verdict,
    )  # fmt: skip


def answered(before: Family, holds: bool | None = True) -> tuple[Evidence, ...]:
    asked = questions_of_proposal(before, "2", LOCK, START)
    answer = Answer("smoke", condition=Condition(holds, "as the test says"))
    return tuple(judge_question(question, answer) for question in asked)


def proposed() -> Family:
    before = with_gate(adopted(family()))
    return recorded(before, proposal(before, answered(before)))


def asked_again(at: Family, holds: bool | None) -> list[Evidence]:
    answer = Answer("smoke", condition=Condition(holds, "as the test says"))
    return [judge_question(question, answer) for question in questions(at, LATER)]


def found(made: Family) -> list[str]:
    return [finding.message for finding in replay(made) if finding.rule == "replay.action"]


def test_a_proposal_is_asked_about_in_every_cluster_and_compared_with_what_serves() -> None:
    asked = questions_of_proposal(with_gate(adopted(family())), "2", LOCK, START)
    assert [(q.cluster, q.gate["name"]) for q in asked] == [
        ("fraud-a", "smoke"), ("fraud-b", "smoke"), ("fraud-c", "smoke"),
    ]  # fmt: skip
    assert {(q.since, q.now) for q in asked} == {(format_time(START), format_time(START))}
    assert {q.stable["identity"]["version"] for q in asked if q.stable} == {"1"}
    assert all(q.candidate == LOCK for q in asked)


def test_a_gate_of_a_segment_is_asked_before_the_first_step_of_its_clusters_only() -> None:
    made = with_gate(adopted(family()), segment="consumer")
    made.clusters[1].effective["spec"]["segment"] = {"name": "consumer", "regulated": False}
    assert propose_gates(made) == {"fraud-b": ["smoke"]}


def test_each_gate_is_asked_at_its_time_only() -> None:
    at = proposed()
    names = {(question.cluster, question.gate["name"]) for question in questions(at, LATER)}
    assert names == {(f"fraud-{region}", "smoke") for region in "abc"}
    at = stepped(at, "2", {"a": 10})
    assert [(q.cluster, q.gate["name"]) for q in questions(at, LATER)] == [("fraud-a", "fpr")]


def test_between_the_halves_of_a_rollback_nothing_is_asked() -> None:
    assert questions(with_gate(in_phase(Phase.SHIFTED)), LATER) == []


@pytest.mark.parametrize(
    ("holds", "move"), [(True, Move.STEP), (False, Move.REVERT), (None, Move.WAIT)]
)
def test_the_first_step_waits_for_the_gates_of_the_proposal(holds: bool | None, move: Move) -> None:
    at = proposed()
    due = plan(at, asked_again(at, holds), LATER)
    assert due.move is move
    held = decide(at, Action.HOLD, Position(Phase.HELD), "2", now=START)
    waits = Move.REVERT if holds is False else Move.WAIT
    assert plan(held, asked_again(held, holds), LATER).move is waits


def test_a_gate_that_no_cluster_was_asked_never_passes() -> None:
    at = with_gate(in_phase(Phase.PROPOSED), segment="nobody")
    due = plan(at, [], LATER)
    assert (due.move, due.reason) == (Move.WAIT, "no gate gave evidence")


def test_the_record_says_what_had_to_pass_and_a_replay_demands_it() -> None:
    at = proposed()
    assert at.records[-1].decision.plan["proposeGates"] == {
        f"fraud-{region}": ["smoke"] for region in "abc"
    }
    assert replay(at) == []
    after = {
        c.name: forms.stepped(c.variants, "2", 10) if c.region == "a" else c.variants
        for c in at.clusters
    }
    first = next_decision(
        at, Action.ADVANCE, Position(Phase.ROLLING, 0, 0), target_of("2"), after, "because",
        DecisionContext(LATER, SOMEBODY, None), verdict=Verdict.PASS,
        evidence=tuple(asked_again(at, True)),
    )  # fmt: skip
    assert replay(recorded(at, first)) == []
    assert found(recorded(at, replace(first, evidence=first.evidence[1:]))) == [
        "advance needs these gates, which were not asked: smoke in fraud-a"
    ]
    assert found(recorded(at, replace(first, evidence=(), verdict=None))) == [
        "advance does not follow from the verdict inconclusive"
    ]


@pytest.mark.parametrize("holds", [False, None])
def test_a_proposal_does_not_follow_from_gates_that_did_not_pass(holds: bool | None) -> None:
    before = with_gate(adopted(family()))
    made = proposal(before, answered(before, holds))
    verdict = Verdict.INCONCLUSIVE if holds is None else Verdict.FAIL
    forged = recorded(before, replace(made, verdict=verdict))
    assert found(forged) == [f"propose does not follow from the verdict {verdict}"]


@pytest.mark.parametrize("plan", [{"proposeGates": 7}, {"proposeGates": {"fraud-a": "smoke"}}])
def test_a_plan_whose_gates_cannot_be_read_is_found(plan: Json) -> None:
    before = with_gate(adopted(family()))
    made = proposal(before, answered(before))
    assert len(found(recorded(before, replace(made, plan={**made.plan, **plan})))) <= 1
    forged = replace(made, plan={**made.plan, "proposeGates": 7})
    assert len(found(recorded(before, forged))) == 1


def test_a_new_proposal_has_to_pass_the_gates_that_the_family_declares() -> None:
    before = with_gate(adopted(family()))
    made = proposal(before, ())
    forged = replace(made, plan=before.spec["rollout"])
    assert new_findings(recorded(before, proposal(before, answered(before))), before) == []
    assert new_findings(recorded(before, forged), before) == ["replay.gates"]
    assert position_of(recorded(before, forged)) == PROPOSED
    held = decide(recorded(before, forged), Action.HOLD, Position(Phase.HELD), "2", now=START)
    assert new_findings(held, before) == ["replay.gates"], "a hold after it hides nothing"


@pytest.mark.parametrize("weaker", [{"metric": "easy"}, {"when": "step"}])
def test_a_pull_request_cannot_change_the_gates_of_its_own_proposal(weaker: Json) -> None:
    before = with_gate(adopted(family()))
    weak = with_gate(adopted(family()), **weaker)
    made = recorded(weak, proposal(weak, answered(weak) if "metric" in weaker else ()))
    assert new_findings(made, weak) == [], "the base has the same gates"
    assert new_findings(made, before) == ["replay.gates"], "the base has others"
    strong = dataclasses.replace(before, records=made.records)
    assert new_findings(strong, weak) == ["replay.gates"], "restored after the proposal"


def new_findings(after: Family, before: Family) -> list[str]:
    """The rules of what is wrong with a change of one family."""
    home = fleet().environments["prod"]
    new, old = ({"fraud": each} for each in (after, before))
    now, was = (Fleet({"prod": type(home)("prod", home.document, f)}) for f in (new, old))
    return [finding.rule for finding in check_history(now, was)]
