"""The rollback of a family: to a verified state that is not bad itself, in every cluster."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.fleet import Family
from lockstep.rollout.position import current_variants
from lockstep.rollout.rollback import changed_fields, plan_rollback
from lockstep.spec import variants as forms
from tests.unit.fleets import family, tree
from tests.unit.rollout.ledgers import STEADY, adopted, decide, proposed, stepped, verified

SHIFTED = Position(Phase.SHIFTED)


def rolling() -> Family:
    return stepped(proposed(adopted(family()), "2"), "2", {"a": 100, "b": 10})


def taken_back(made: Family, bad: str) -> Family:
    plan = plan_rollback(made, bad)
    assert plan is not None
    if plan.shifts:
        made = decide(made, Action.SHIFT, SHIFTED, bad, plan.shift, quarantines=True)
    return decide(made, Action.RESTORE, STEADY, bad, plan.restore, quarantines=not plan.shifts)


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
    back = taken_back(stepped(proposed(made, "3"), "3", {"a": 10}), "3")
    assert set(forms.serving_versions(back.clusters[0].variants)) == {"2"}
    further = taken_back(back, "2")
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
