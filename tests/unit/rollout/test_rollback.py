"""The rollback of a family: to a verified state that is not bad itself, in every cluster."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.fleet import Family
from lockstep.rollout.position import current_variants
from lockstep.rollout.rollback import changed_fields, plan_return, plan_rollback
from lockstep.spec import variants as forms
from tests.unit.fleets import family, tree
from tests.unit.rollout.ledgers import (
    STEADY,
    VERIFIED,
    adopted,
    decide,
    in_phase,
    proposed,
    rolled_back,
    stepped,
    verified,
    with_variants,
)


def rolling() -> Family:
    return stepped(proposed(adopted(family()), "2"), "2", {"a": 100, "b": 10})


def test_every_cluster_goes_back_in_two_halves_the_first_of_which_moves_all_traffic() -> None:
    plan = plan_rollback(rolling(), "2")
    assert plan is not None and plan.shifts and plan.to.sequence == 1
    assert all(forms.weight_of(each, "2") == 0 for each in plan.shift.values())
    assert all(forms.weight_of(each, "1") == 100 for each in plan.shift.values())
    assert plan.restore == current_variants(adopted(family()))


def test_without_traffic_on_the_bad_version_there_is_nothing_to_shift() -> None:
    plan = plan_rollback(proposed(adopted(family()), "2"), "2")
    assert plan is not None and not plan.shifts
    assert plan.restore == current_variants(adopted(family()))


def test_there_is_no_rollback_without_a_verified_state() -> None:
    assert plan_rollback(family(), "1") is None
    assert plan_rollback(adopted(family()), "1") is None


def test_a_rollback_of_a_rollback_never_returns_to_the_bad_version() -> None:
    made = verified(proposed(adopted(family()), "2"), "2")
    back = rolled_back(stepped(proposed(made, "3"), "3", {"a": 10}), "3")
    assert set(forms.serving_versions(back.clusters[0].variants)) == {"2"}
    further = rolled_back(back, "2")
    assert set(forms.serving_versions(further.clusters[0].variants)) == {"1"}
    assert plan_rollback(further, "1") is None


def test_arms_come_back_as_they_were_when_the_state_was_verified() -> None:
    arm = {"name": "ranker-b", "version": "7", "weight": 30, "experiment": True}
    made = family()
    made.clusters[0].variants[:] = [{"name": "stable", "version": "1", "weight": 70}, arm]
    made = adopted(made)
    recorded = [dict(each) for each in made.clusters[0].variants]
    made = proposed(made, "2")
    made.clusters[0].variants[0]["weight"], made.clusters[0].variants[1]["weight"] = 90, 10
    plan = plan_rollback(made, "2")
    assert plan is not None and plan.restore["fraud-a"] == recorded


def test_a_cluster_that_joined_since_keeps_a_good_version_and_loses_a_bad_one() -> None:
    two = {path: data for path, data in tree().items() if not path.endswith("/c.yaml")}
    made = adopted(family(two))
    for version, expected in (("3", "3"), ("2", "1")):
        joined = family().clusters[2]
        joined.variants[0]["version"] = version
        plan = plan_rollback(replace(made, clusters=(*made.clusters, joined)), "2")
        assert plan is not None
        assert plan.restore["fraud-c"] == [{"name": "stable", "version": expected, "weight": 100}]
        assert plan.restore["fraud-a"] == made.clusters[0].variants


ARM = {"name": "ranker-b", "version": "3", "weight": 30, "experiment": True}
STABLE = {"name": "stable", "version": "1", "weight": 70}


def test_an_arm_in_quarantine_comes_back_without_weight() -> None:
    made = stepped(proposed(adopted(with_variants(family(), STABLE, ARM)), "2"), "2", {"a": 10})
    retired = {c.name: forms.retired(c.variants, {"3"}, warm=True) for c in made.clusters}
    to = Position(Phase.ROLLING, 0, 0)
    made = decide(made, Action.RETIRE, to, "3", retired, quarantines=True)
    plan = plan_rollback(made, "2")
    assert plan is not None
    assert plan.restore["fraud-a"] == [{**STABLE, "weight": 100}, {**ARM, "weight": 0}]
    assert plan.differing == ("fraud-a", "fraud-b", "fraud-c")
    assert plan_rollback(rolling(), "2").differing == ()  # type: ignore[union-attr]


def scaled(made: Family) -> Family:
    """The family with an autoscaler in its first cluster."""
    first, *others = made.clusters
    serving = {"replicas": 3, "hpa": {"maxReplicas": 9, "cpu": 70}}
    effective = {**first.effective, "spec": {**first.effective["spec"], "serving": serving}}
    return replace(made, clusters=(replace(first, effective=effective), *others))


def test_a_version_that_starts_again_gets_its_pods_where_an_autoscaler_scales_it() -> None:
    made = scaled(verified(proposed(adopted(family()), "2"), "2"))
    plan = plan_rollback(made, "2")
    assert plan is not None and not plan.shifts
    stable = {"name": "stable", "version": "1", "weight": 100}
    assert plan.restore["fraud-a"] == [{**stable, "warm": True}]
    assert plan.restore["fraud-b"] == [stable]  # fixed replicas are all there at once
    assert plan.differing == plan.started == ("fraud-a",)


def test_a_version_that_still_runs_comes_back_as_it_was() -> None:
    plan = plan_rollback(scaled(rolling()), "2")
    assert plan is not None and plan.differing == plan.started == ()


def test_a_retired_arm_differs_in_more_than_the_floor() -> None:
    made = verified(proposed(adopted(with_variants(family(), STABLE, ARM)), "2"), "2")
    to = Position(Phase.STEADY)
    made = decide(made, Action.RETIRE, to, "3", current_variants(made), quarantines=True)
    plan = plan_rollback(scaled(made), "2")
    assert plan is not None
    assert plan.restore["fraud-a"][0] == {**STABLE, "weight": 100, "warm": True}
    assert len(plan.differing) == 3 and plan.started == ()


def test_a_version_that_was_rolled_back_and_released_does_not_come_back_by_a_rollback() -> None:
    made = verified(proposed(verified(proposed(adopted(family()), "2"), "2"), "3"), "3")
    made = decide(rolled_back(made, "3"), Action.RELEASE, STEADY, "3")
    plan = plan_rollback(stepped(proposed(made, "4"), "4", {"a": 10}), "4")
    assert plan is not None and plan.to.target.version == "2"
    further = plan_rollback(made, "2")
    assert further is not None and further.to.target.version == "1"


def test_outside_of_a_rollout_no_version_gets_more_traffic_before_the_restore() -> None:
    made = with_variants(
        verified(proposed(adopted(family()), "2"), "2"),
        {"name": "stable", "version": "2", "weight": 50},
        {"name": "candidate", "version": "3", "weight": 50},
    )
    plan = plan_rollback(made, "2")
    assert plan is not None and not plan.shifts and plan.to.target.version == "1"


def test_edited_specs_return_to_the_variants_of_their_record() -> None:
    edit = {"name": "stable", "version": "3", "weight": 100}
    for made in (in_phase(Phase.STEADY), rolled_back(rolling(), "2")):
        plan = plan_return(with_variants(made, edit))
        assert plan is not None and not plan.shifts and plan.to.sequence == 1
        assert plan.restore == current_variants(made)


def test_edited_specs_do_not_return_to_a_newer_verified_state_that_was_left() -> None:
    made = decide(rolled_back(verified(rolling(), "2"), "2"), Action.RELEASE, STEADY, "2")
    plan = plan_return(with_variants(made, {"name": "stable", "version": "3", "weight": 100}))
    assert plan is not None and plan.to.sequence == 1
    assert plan.restore == current_variants(made)


def test_edited_specs_do_not_return_to_a_version_in_quarantine() -> None:
    assert plan_return(family()) is None
    made = decide(adopted(family()), Action.RELEASE, STEADY, "3")
    quarantined = decide(made, Action.RETIRE, STEADY, "1", quarantines=True)
    assert plan_return(made) is not None
    assert plan_return(quarantined) is None


def test_a_cluster_that_people_added_keeps_its_stable_version_on_a_return() -> None:
    made = adopted(family())
    fewer = replace(made, clusters=made.clusters[:2])
    before = {k: v for k, v in made.records[0].decision.variants.items() if k != "fraud-c"}
    fewer = decide(
        replace(fewer, records=()), Action.ADOPT, STEADY, "1", before, verified_state=VERIFIED
    )
    plan = plan_return(replace(fewer, clusters=made.clusters))
    assert plan is not None
    assert plan.restore["fraud-c"] == [{"name": "stable", "version": "1", "weight": 100}]


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ({"spec": {"variants": [1]}}, {"spec": {"variants": [2]}}, ()),
        ({"spec": {"host": "a", "x": 1}}, {"spec": {"host": "b", "x": 1}}, ("/spec/host",)),
        ({"a": {"b/c": 1}}, {"a": {}}, ("/a/b~1c",)),
        ({"a": [1, 2]}, {"a": [2, 1]}, ("/a",)),
        ({"a": 1}, None, ("",)),
        (None, None, ()),
        ({"a": {"b": 1}}, {"a": "b", "c": 1}, ("/a", "/c")),
    ],
)
def test_changed_fields_are_named_at_the_deepest_key(
    before: Any, after: Any, fields: tuple[str, ...]
) -> None:
    expected = tuple(f"c.yaml#{field}" for field in fields)
    assert changed_fields("c.yaml", before, after) == expected
    assert changed_fields("c.yaml", after, before) == expected


VALUES = st.recursive(
    st.none() | st.integers(0, 2),
    lambda inner: st.dictionaries(st.sampled_from("ab"), inner) | st.lists(inner, max_size=2),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_no_field_is_named_exactly_where_nothing_differs(before: Any, after: Any) -> None:
    assert (changed_fields("c.yaml", before, after) == ()) == (before == after)
