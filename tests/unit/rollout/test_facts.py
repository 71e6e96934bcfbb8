"""What rules may know of a rollout, and since when a family is as it is."""

from datetime import timedelta

from lockstep.rollout.facts import moved_at, rollout_facts
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import START, adopted, skewed


def test_rules_see_the_position_and_the_verified_versions() -> None:
    agreed = {"diverged": False, "divergences": [], "skewBreached": False}
    made = adopted(family())
    assert rollout_facts(made, START) == {
        "phase": "steady", "verified": ["1"], "adopted": True, **agreed,
    }  # fmt: skip
    assert rollout_facts(skewed(), START) == {
        "phase": "rolling", "wave": 0, "step": 0, "verified": ["1"], "adopted": False, **agreed,
    }  # fmt: skip
    new = {"phase": "new", "verified": [], "adopted": False, **agreed}
    assert rollout_facts(family(), START) == new
    assert rollout_facts(skewed(), START + timedelta(days=3))["skewBreached"] is True


def test_rules_see_how_specs_differ_from_the_record() -> None:
    made = adopted(family())
    made.clusters[0].variants[0]["weight"] = 99
    facts = rollout_facts(made, START)
    assert (facts["adopted"], facts["diverged"]) == (False, True)
    (divergence,) = facts["divergences"]
    assert divergence["cluster"] == made.clusters[0].name


def test_a_family_is_as_it_is_since_its_newest_decision() -> None:
    later = START + timedelta(days=9)
    assert moved_at(adopted(family()), later) == START
    assert moved_at(family(), later) == later
    moved = adopted(family())
    moved.clusters[0].variants[0]["weight"] = 99
    assert moved_at(moved, later) == later
