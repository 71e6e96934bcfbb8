"""Where a family stands, by its newest record alone, and what has left that record."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.fleet import Family
from lockstep.rollout import position as rollout
from tests.unit.fleets import FAMILY, family, tree
from tests.unit.rollout.ledgers import (
    START,
    STEADY,
    adopted,
    decide,
    proposed,
    stepped,
    target_of,
    verified,
)

HOUR = timedelta(hours=1)


def rolling(wave: int, step: int) -> Position:
    return Position(Phase.ROLLING, wave, step)


def test_a_family_without_a_ledger_is_new_and_differs_from_nothing() -> None:
    made = family()
    assert rollout.newest(made) is None and rollout.target(made) is None
    assert rollout.position(made) == Position(Phase.NEW)
    assert rollout.divergences(made) == []
    assert rollout.step_began(made) is None and rollout.skew_since(made) is None
    assert rollout.verified_decision(made) is None


def test_the_newest_record_says_where_a_family_stands_and_with_which_version() -> None:
    made = adopted(family())
    assert rollout.position(made) == STEADY and rollout.target(made) is None
    made = stepped(proposed(made, "2"), "2", {"a": 10})
    assert rollout.position(made) == rolling(0, 0)
    assert rollout.target(made) == target_of("2")
    assert str(rollout.position(made)) == "rolling wave 1 step 1"


def test_the_order_of_variants_is_no_divergence() -> None:
    made = proposed(adopted(family()), "2")
    made.clusters[0].variants.reverse()
    assert rollout.divergences(made) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [({"weight": 60}, "stable 1@60"), ({"version": "9"}, "stable 9@100"),
     ({"warm": True}, "stable 1@100"), ({"name": "other"}, "other 1@100")],
)  # fmt: skip
def test_any_edit_of_a_variant_is_a_divergence_at_its_line(
    change: dict[str, Any], found: str
) -> None:
    made = adopted(family())
    made.clusters[1].variants[0].update(change)
    (divergence,) = rollout.divergences(made)
    assert (divergence.cluster, divergence.file, divergence.line) == (
        "fraud-b", "clusters/prod/fraud/b.yaml", 7,
    )  # fmt: skip
    assert str(divergence) == (
        f"clusters/prod/fraud/b.yaml:7: fraud-b has {found}, the record says stable 1@100"
    )


def test_inherited_variants_diverge_where_the_family_wrote_them() -> None:
    files = {path: data.partition(b"  variants")[0] for path, data in tree().items()}
    line = b"  defaults: {variants: [{name: stable, version: '1', weight: 100}]}\n"
    made = adopted(family(files | {"clusters/prod/fraud/family.yaml": FAMILY + line}))
    made.clusters[0].variants[0]["weight"] = 1
    where = rollout.divergences(made)[0]
    assert (where.file, where.line) == ("clusters/prod/fraud/family.yaml", 14)


def test_a_cluster_that_came_or_went_is_a_divergence() -> None:
    made = adopted(family())
    gone = replace(made, clusters=made.clusters[:2])
    assert [str(each) for each in rollout.divergences(gone)] == [
        "clusters/prod/fraud/family.yaml:1: fraud-c has no variants, the record says stable 1@100"
    ]
    came = replace(adopted(gone), clusters=made.clusters)
    assert "the record says no variants" in str(rollout.divergences(came)[0])


def test_the_way_back_is_the_newest_verified_state_without_a_barred_version() -> None:
    made = verified(proposed(adopted(family()), "2"), "2")
    made = stepped(proposed(made, "3"), "3", {"a": 10})
    for barred, sequence in ((set(), 3), ({"3"}, 3), ({"2", "3"}, 1), ({"1", "2"}, None)):
        decision = rollout.verified_decision(made, barred=barred)
        assert (decision.sequence if decision else None) == sequence


def test_a_step_began_with_its_own_decision_or_when_a_hold_ended() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10}, START + HOUR)
    held = decide(made, Action.HOLD, Position(Phase.HELD, 0, 0), "2", now=START + 2 * HOUR)
    resumed = decide(held, Action.RESUME, rolling(0, 0), "2", now=START + 3 * HOUR)
    assert rollout.step_began(held) == START + HOUR
    assert rollout.step_began(resumed) == START + 3 * HOUR


def test_positions_follow_each_other_step_by_step_and_wave_by_wave() -> None:
    made, at = family(), Position(Phase.PROPOSED)
    seen = []
    while (after := rollout.following(made, at)) is not None:
        at = after
        seen.append((at.wave, at.step))
    assert seen == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert rollout.following(made, Position(Phase.HELD, 0, 1)) == rolling(1, 0)
    waves = [rollout.clusters_of_wave(made, wave) for wave in (0, 1)]
    assert [[cluster.region for cluster in wave] for wave in waves] == [["a"], ["b", "c"]]


def test_a_step_that_people_took_out_of_the_plan_has_no_end() -> None:
    made = family()
    assert rollout.bake_ends(made, START, 1) == START + 2 * HOUR
    assert rollout.bake_ends(made, START, 2) is None


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
def test_other_waves_or_weights_in_the_middle_of_a_rollout_are_another_plan(
    field: str, value: Any, changed: bool
) -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    assert not rollout.plan_changed(made) and not rollout.plan_changed(family())
    plan = {**made.spec["rollout"], field: value}
    made.document.value["spec"]["rollout"] = plan
    assert rollout.plan_changed(made) is changed


def skewed() -> Family:
    made = stepped(proposed(adopted(family()), "2", START), "2", {"a": 10}, START + HOUR)
    return stepped(made, "2", {"a": 50}, START + 5 * HOUR)


def test_skew_counts_from_the_first_record_of_its_run() -> None:
    assert rollout.skew_since(proposed(adopted(family()), "2")) is None
    assert rollout.skew_since(skewed()) == START + HOUR
    assert rollout.skew_since(verified(skewed(), "2", START + 6 * HOUR)) is None
    assert rollout.versions_with_weight(rollout.current_variants(skewed())) == 2


def test_skew_is_breached_only_after_the_whole_allowed_time() -> None:
    limit = START + HOUR + timedelta(hours=24)
    assert not rollout.skew_breached(skewed(), limit)
    assert rollout.skew_breached(skewed(), limit + timedelta(seconds=1))
    assert not rollout.skew_breached(adopted(family()), limit + 99 * HOUR)


def test_rules_are_told_the_position_and_the_verified_versions() -> None:
    agreed = {"diverged": False, "divergences": [], "skewBreached": False}
    made = adopted(family())
    assert rollout.rollout_facts(made, START) == {
        "phase": "steady", "verified": ["1"], "adopted": True, **agreed,
    }  # fmt: skip
    assert rollout.rollout_facts(skewed(), START) == {
        "phase": "rolling", "wave": 0, "step": 0, "verified": ["1"], "adopted": False, **agreed,
    }  # fmt: skip
    new = {"phase": "new", "verified": [], "adopted": False, **agreed}
    assert rollout.rollout_facts(family(), START) == new
    assert rollout.rollout_facts(skewed(), START + timedelta(days=3))["skewBreached"] is True


def test_rules_are_told_how_specs_differ_from_the_record() -> None:
    made = adopted(family())
    made.clusters[0].variants[0]["weight"] = 99
    facts = rollout.rollout_facts(made, START)
    assert (facts["adopted"], facts["diverged"]) == (False, True)
    (divergence,) = facts["divergences"]
    assert divergence["cluster"] == made.clusters[0].name


def test_a_family_came_to_stand_as_it_does_when_it_was_decided() -> None:
    later = START + timedelta(days=9)
    assert rollout.moved_at(adopted(family()), later) == START
    assert rollout.moved_at(family(), later) == later
    moved = adopted(family())
    moved.clusters[0].variants[0]["weight"] = 99
    assert rollout.moved_at(moved, later) == later
