"""Comparisons of a rollout: fixed by the proposal, continued by the records, replayed from them."""

import dataclasses
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from lockstep.gates.family_verdict import judge_comparisons
from lockstep.gates.verdicts import judge_question
from lockstep.model.blocks import Block, Count, closed_blocks
from lockstep.model.decision import Action, Phase, Position
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Evidence, Question, Verdict
from lockstep.model.fleet import Family
from lockstep.model.times import format_time, parse_time
from lockstep.rollout.comparisons import comparisons_so_far
from lockstep.rollout.gate_questions import questions
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.plan import Move, Plan, plan
from lockstep.rollout.position import current_variants
from lockstep.rollout.replay import replay
from lockstep.spec import variants as forms
from tests.unit.fleets import family, recorded
from tests.unit.rollout.ledgers import PROPOSED, SOMEBODY, START, adopted, decide, target_of

ERRORS: Json = {
    "name": "errors", "source": "prometheus", "measure": "error_ratio", "block": "1m",
    "delay": "0s", "compare": {"harm": 3},
}  # fmt: skip
BOUND: Json = {"name": "most", "source": "prometheus", "measure": "error_ratio", "max": 0.5}
STEPS = [{"weight": 10, "bake": "1h"}, {"weight": 50, "bake": "1h"}, {"weight": 100, "bake": "1h"}]
HOUR = timedelta(hours=1)


def start() -> Family:
    """A family in one wave, whose candidate is compared with the stable version."""
    made = family()
    made.spec["rollout"].update(steps=STEPS, waves=[["a", "b", "c"]])
    made.spec["gates"][:] = [dict(ERRORS), dict(BOUND)]
    before = adopted(made)
    variants = {c.name: forms.proposed(c.variants, "2") for c in before.clusters}
    return recorded(before, next_decision(
        before, Action.PROPOSE, PROPOSED, target_of("2"), variants, "new", context(START),
    ))  # fmt: skip


def context(now: datetime) -> DecisionContext:
    return DecisionContext(now, SOMEBODY, "c" * 40)


def answer(question: Question, bad: int) -> Answer:
    """``bad`` bad requests a minute of the candidate's 100; 1 to 3 of the stable version's."""
    spans = closed_blocks(question.gate, parse_time(question.since), parse_time(question.now))
    return Answer("q", blocks=tuple(
        Block(format_time(span.start), format_time(span.end), Count(bad + n % 3 - 1, 100),
              Count(2 + (n + 1) % 3 - 1, 100))
        for n, span in enumerate(spans)
    ))  # fmt: skip


def ask(at: Family, now: datetime, **bad: int) -> list[Evidence]:
    """What the gates say, with so many bad requests of the candidate in a region."""
    asked = questions(at, now)
    alone = [judge_question(q, answer(q, bad.get(q.region, 2))) for q in asked]
    return judge_comparisons(alone, comparisons_so_far(at))


def moved(at: Family, due: Plan, evidence: list[Evidence], now: datetime) -> Family:
    assert due.move is Move.STEP and due.to and due.variants, due
    return recorded(at, next_decision(
        at, Action.ADVANCE, due.to, target_of("2"), due.variants, due.reason, context(now),
        evidence=tuple(evidence), verdict=due.verdict,
    ))  # fmt: skip


def rolling(steps: int, **bad: int) -> tuple[Family, datetime]:
    """After so many steps, an hour each; the last of them just began."""
    made, now = start(), START
    for _ in range(steps):
        evidence = ask(made, now, **bad)
        made = moved(made, plan(made, evidence, now), evidence, now)
        now += HOUR
    return made, now - HOUR


def problems(made: Family) -> list[str]:
    return [finding.message for finding in replay(made)]


def test_a_harmless_version_moves_on_and_its_records_replay() -> None:
    made, _ = rolling(3)
    assert made.records[-1].decision.to == Position(Phase.ROLLING, 0, 2)
    assert problems(made) == []
    last = made.records[-1].decision
    assert last.live_since == last.evidence[0].since == format_time(START + HOUR)
    assert [item.comparison is not None for item in last.evidence] == [True, False] * 3


def test_where_nothing_is_left_to_compare_with_the_bounds_are_asked() -> None:
    made, began = rolling(3)
    assert {q.gate["name"] for q in questions(made, began + HOUR)} == {"most"}
    made.spec["gates"][0]["max"] = 0.5
    (errors, *_) = questions(made, began + HOUR)
    assert "compare" not in errors.gate and errors.gate["max"] == 0.5


def test_harm_in_one_region_rolls_the_family_back_before_the_bake_ends() -> None:
    made, began = rolling(2)
    now = began + timedelta(minutes=30)
    evidence = ask(made, now, b=9)
    due = plan(made, evidence, now)
    assert due.move is Move.REVERT and due.reason.startswith("errors in fraud-b: ")
    shifted = {c.name: forms.shifted(c.variants, "2") for c in made.clusters}
    after = recorded(made, next_decision(
        made, Action.SHIFT, Position(Phase.SHIFTED), target_of("2"), shifted, due.reason,
        context(now), evidence=tuple(evidence), verdict=due.verdict,
    ))  # fmt: skip
    assert problems(after) == []


def test_the_evidence_of_earlier_steps_counts() -> None:
    """Harm that the first step could not show: with its blocks the second shows it sooner."""
    made, began = rolling(2, b=3)
    now = began + timedelta(minutes=20)
    with_records = ask(made, now, b=5)
    first = dataclasses.replace(
        comparisons_so_far(made), blocks={}, began=[parse_time(format_time(began)).timestamp()]
    )
    alone = judge_comparisons(
        [judge_question(q, answer(q, 5 if q.region == "b" else 2)) for q in questions(made, now)],
        first,
    )
    harm = [e.comparison.harm for each in (with_records, alone) for e in each
            if e.comparison and e.cluster == "fraud-b"]  # fmt: skip
    assert len(harm) == 2 and harm[0] != pytest.approx(harm[1], rel=0.1)


@pytest.mark.parametrize("what", ["blocks", "numbers", "earlier"])
def test_forged_evidence_does_not_replay(what: str) -> None:
    made, _ = rolling(3)
    index = -2 if what == "earlier" else -1
    decision = made.records[index].decision
    item = decision.evidence[0]
    assert item.comparison is not None
    if what == "numbers":
        forged = replace(item, comparison=replace(item.comparison, family_mean=0.5))
    else:
        kept = tuple(replace(b, candidate=Count(0, 100)) for b in item.answer.blocks)
        forged = replace(item, answer=replace(item.answer, blocks=kept))
    records = [*made.records]
    changed = replace(decision, evidence=(forged, *decision.evidence[1:]))
    records[index] = recorded(made, changed).records[-1]
    found = problems(dataclasses.replace(made, records=tuple(records)))
    assert any("the numbers of its comparison do not follow from its blocks" in p for p in found)


def test_a_comparison_cannot_be_changed_in_the_middle_of_a_rollout() -> None:
    made, began = rolling(1)
    made.spec["gates"][0]["compare"] = {"harm": 3, "margin": 50}
    evidence = ask(made, began + HOUR)
    margins = {e.comparison.margin for e in evidence if e.comparison}
    assert margins == {0.5 * 2.5}


def test_a_comparison_that_comes_in_the_middle_of_a_rollout_waits_for_the_next() -> None:
    made, began = rolling(1)
    made.spec["gates"].append({**ERRORS, "name": "late"})
    assert {q.gate["name"] for q in questions(made, began + HOUR)} == {"errors", "most"}


def test_a_comparison_that_was_removed_keeps_its_evidence_and_stops_nothing() -> None:
    made, began = rolling(2)
    del made.spec["gates"][0]
    now = began + HOUR
    evidence = ask(made, now)
    after = moved(made, plan(made, evidence, now), evidence, now)
    assert problems(after) == []
    assert comparisons_so_far(after).denominator == 3


def test_a_gate_of_a_segment_is_a_comparison_of_its_clusters_only() -> None:
    made = family()
    made.spec["gates"][:] = [{**ERRORS, "segment": "vip"}]
    made.clusters[1].effective["spec"]["segment"] = {"name": "vip", "regulated": False}
    made = adopted(made)
    after = {c.name: forms.proposed(c.variants, "2") for c in made.clusters}
    made = recorded(made, next_decision(
        made, Action.PROPOSE, PROPOSED, target_of("2"), after, "new", context(START),
    ))  # fmt: skip
    assert comparisons_so_far(made).clusters == {"errors": ["fraud-b"]}


def test_after_a_hold_the_grid_begins_anew_and_the_evidence_stays() -> None:
    made, began = rolling(2)
    at = Position(Phase.ROLLING, 0, 1)
    now = began + HOUR
    made = decide(made, Action.HOLD, replace(at, phase=Phase.HELD), "2", now=now)
    made = decide(made, Action.RESUME, at, "2", now=now + HOUR)
    asked = questions(made, now + 2 * HOUR)
    assert {q.since for q in asked} == {format_time(now + HOUR)}
    assert set(comparisons_so_far(made).blocks) == {("errors", f"fraud-{r}") for r in "abc"}


@pytest.mark.parametrize("kept", [None, [], {"errors": []}, {"errors": {"clusters": 3}}, "x"])
def test_a_forged_plan_of_comparisons_never_passes(kept: Json) -> None:
    made, began = rolling(1)
    forged = replace(made.records[1].decision, plan={**made.records[1].decision.plan,
                                                     "comparisons": kept})  # fmt: skip
    records = list(made.records)
    records[1] = recorded(made, forged).records[-1]
    broken = dataclasses.replace(made, records=tuple(records))
    asked = [q for q in questions(made, began + HOUR) if "compare" in q.gate]
    evidence = judge_comparisons(
        [judge_question(q, answer(q, 2)) for q in asked], comparisons_so_far(broken)
    )
    assert {item.verdict for item in evidence} == {Verdict.ERROR}


def test_outside_of_a_rollout_there_are_none() -> None:
    assert comparisons_so_far(adopted(family())).denominator == 0
    assert current_variants(family())
