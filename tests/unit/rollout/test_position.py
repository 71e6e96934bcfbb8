"""The position of a family, by its newest record and its plan."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from lockstep.model.decision import Action, Phase, Position
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.position import (
    bake_ends,
    clusters_of_wave,
    following,
    newest_decision,
    plan_changed,
    position_of,
    running_target,
    step_began,
    verified_decision,
    verified_decisions,
)
from lockstep.rollout.skew import skew_since
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import (
    START,
    STEADY,
    adopted,
    decide,
    proposed,
    rolled_back,
    stepped,
    target_of,
    verified,
    with_variants,
)

HOUR = timedelta(hours=1)


def rolling(wave: int, step: int) -> Position:
    return Position(Phase.ROLLING, wave, step)


def test_a_family_without_a_ledger_is_new_and_differs_from_nothing() -> None:
    made = family()
    assert newest_decision(made) is None and running_target(made) is None
    assert position_of(made) == Position(Phase.NEW)
    assert find_divergences(made) == []
    assert step_began(made) is None and skew_since(made) is None
    assert verified_decision(made) is None


def test_the_newest_record_gives_the_position_and_the_version() -> None:
    made = adopted(family())
    assert position_of(made) == STEADY and running_target(made) is None
    made = stepped(proposed(made, "2"), "2", {"a": 10})
    assert position_of(made) == rolling(0, 0)
    assert running_target(made) == target_of("2")
    assert str(position_of(made)) == "rolling wave 1 step 1"


def test_a_rollback_returns_to_the_newest_verified_state_without_a_barred_version() -> None:
    made = verified(proposed(adopted(family()), "2"), "2")
    made = stepped(proposed(made, "3"), "3", {"a": 10})
    for barred, sequence in ((set(), 3), ({"3"}, 3), ({"2", "3"}, 1), ({"1", "2"}, None)):
        decision = verified_decision(made, barred=barred)
        assert (decision.sequence if decision else None) == sequence


def test_a_step_began_with_its_own_decision_or_when_a_hold_ended() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10}, START + HOUR)
    held = decide(made, Action.HOLD, Position(Phase.HELD, 0, 0), "2", now=START + 2 * HOUR)
    resumed = decide(held, Action.RESUME, rolling(0, 0), "2", now=START + 3 * HOUR)
    assert step_began(held) == START + HOUR
    assert step_began(resumed) == START + 3 * HOUR


def test_positions_follow_each_other_step_by_step_and_wave_by_wave() -> None:
    made, at = family(), Position(Phase.PROPOSED)
    seen = []
    while (after := following(made.spec["rollout"], at)) is not None:
        at = after
        seen.append((at.wave, at.step))
    assert seen == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert following(made.spec["rollout"], Position(Phase.HELD, 0, 1)) == rolling(1, 0)
    waves = [clusters_of_wave(made, wave) for wave in (0, 1)]
    assert [[cluster.region for cluster in wave] for wave in waves] == [["a"], ["b", "c"]]


def test_a_step_that_people_took_out_of_the_plan_has_no_end() -> None:
    made = family()
    assert bake_ends(made, START, 1) == START + 2 * HOUR
    assert bake_ends(made, START, 2) is None


@pytest.mark.parametrize(
    ("field", "value", "changed"),
    [
        ("waves", [["a", "b"], ["c"]], True),
        ("steps", [{"weight": 50, "bake": "1h"}, {"weight": 100, "bake": "2h"}], True),
        ("steps", [{"weight": 100, "bake": "1h"}], True),
        ("steps", [{"weight": 10, "bake": "9h"}, {"weight": 100, "bake": "1m"}], False),
        ("patience", "9h", False),
    ],
)
def test_other_waves_or_weights_in_the_middle_of_a_rollout_change_the_plan(
    field: str, value: Any, changed: bool
) -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    assert not plan_changed(made) and not plan_changed(family())
    plan = {**made.spec["rollout"], field: value}
    made.document.value["spec"]["rollout"] = plan
    assert plan_changed(made) is changed


@pytest.mark.parametrize("plan", [3, {"steps": 3, "waves": 3}, {"steps": {"a": 1}}, [[1]]])
def test_a_recorded_plan_that_cannot_be_read_is_another_plan(plan: Any) -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    record = dataclasses.replace(
        made.records[-1], decision=structs.replace(made.records[-1].decision, plan=plan)
    )
    assert plan_changed(dataclasses.replace(made, records=(*made.records[:-1], record)))


def test_states_that_a_restore_left_behind_are_no_states_to_return_to() -> None:
    made = verified(proposed(adopted(family()), "2"), "2")
    assert [d.sequence for d in verified_decisions(made)] == [3, 1]
    made = rolled_back(made, "2")
    assert [d.sequence for d in verified_decisions(made)] == [1]
    made = verified(proposed(made, "3"), "3")
    assert [d.sequence for d in verified_decisions(made)] == [6, 1]


def test_a_state_with_a_barred_version_in_an_arm_is_still_one_to_return_to() -> None:
    made = with_variants(
        family(), {"name": "stable", "version": "1", "weight": 70},
        {"name": "b", "version": "3", "weight": 30, "experiment": True},
    )  # fmt: skip
    assert verified_decision(adopted(made), barred={"3"}) is not None
    assert verified_decision(adopted(made), barred={"1"}) is None


@pytest.mark.parametrize("action", [Action.RELEASE, Action.RETIRE])
def test_a_decision_about_another_version_leaves_the_rollout_s_own(action: Action) -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    assert running_target(decide(made, action, rolling(0, 0), "3")) == target_of("2")
