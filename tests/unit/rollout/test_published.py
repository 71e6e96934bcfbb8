"""Several decisions on the followed branch: what was before the newest, where each one follows."""

from dataclasses import replace

from msgspec import structs

from lockstep.model.decision import Action, Phase, Position, Variants
from lockstep.model.fleet import Family
from lockstep.rollout.published import variants_before_newest
from tests.unit.fleets import family, recorded
from tests.unit.rollout.ledgers import (
    PROPOSED,
    adopted,
    decide,
    in_phase,
    proposed,
    rolled_back,
    stepped,
    with_variants,
)


def before_newest(made: Family, before: Family) -> dict[str, Variants] | None:
    return variants_before_newest(made, before, made.records[len(before.records) :])


def test_one_decision_is_a_change_like_any_other() -> None:
    before = adopted(family())
    assert before_newest(proposed(before, "2"), before) is None
    assert before_newest(before, before) is None


def test_several_are_compared_with_the_state_before_the_newest() -> None:
    before = adopted(family())
    made = proposed(before, "2")
    assert before_newest(stepped(made, "2", {"a": 10}), before) == dict(
        made.records[-1].decision.variants
    )
    made = stepped(made, "2", {"a": 10})
    back = rolled_back(made, "2")
    assert before_newest(back, before) == dict(back.records[-2].decision.variants)


def test_a_step_goes_by_the_plan_of_the_specs_and_by_its_wave() -> None:
    before = in_phase(Phase.PROPOSED)
    held = Position(Phase.HELD, 0, 0)
    for weights in ({"a": 10, "b": 10}, {"b": 10}):
        made = decide(stepped(before, "2", weights), Action.HOLD, held, "2")
        assert before_newest(made, before) is None
    made = stepped(before, "2", {"a": 10})
    step = made.records[-1].decision
    other = structs.replace(step, plan={**step.plan, "waves": [["a", "b"]]})
    forged = decide(recorded(before, other), Action.HOLD, held, "2")
    assert before_newest(forged, before) is None
    assert before_newest(decide(made, Action.HOLD, held, "2"), before) is not None


def test_a_rollback_gives_weight_to_verified_versions_only() -> None:
    before = in_phase(Phase.ROLLING)
    variants = dict(before.records[-1].decision.variants)
    bad = {name: [{"name": "stable", "version": "2", "weight": 100}] for name in variants}
    steady = Position(Phase.STEADY)
    forged = decide(before, Action.RESTORE, steady, "2", bad)
    assert before_newest(decide(forged, Action.RETIRE, steady, "2"), before) is None


def test_nothing_is_taken_apart_where_specs_or_records_are_not_as_they_were() -> None:
    before = adopted(family())
    made = stepped(proposed(before, "2"), "2", {"a": 10})
    edited = with_variants(made, {"name": "stable", "version": "2", "weight": 100})
    assert before_newest(edited, before) is None
    assert before_newest(made, with_variants(before, *edited.clusters[0].variants)) is None
    assert before_newest(made, replace(before, records=())) is not None
    other = adopted(before)
    assert variants_before_newest(made, other, made.records[1:]) is None
    jump = decide(decide(before, Action.PROPOSE, PROPOSED, "2"), Action.HOLD, PROPOSED, "2")
    assert before_newest(jump, before) is None, "the candidate is not among the variants"
