"""Which record last moved the weights of a cluster: rollouts, waves, restores and adoptions."""

from datetime import timedelta

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.fleet import Family
from lockstep.rollout.position import current_variants
from lockstep.rollout.weight_moves import moved_by_shift, moved_by_step, moved_in
from lockstep.spec import variants as forms
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import (
    START,
    adopted,
    decide,
    in_phase,
    proposed,
    rolled_back,
    stepped,
    verified,
    with_variants,
)


def numbers(made: Family) -> list[int]:
    """Of each cluster, the number of the record that last moved it; 0 where none did."""
    paths = [moved_in(made, cluster.name) for cluster in made.clusters]
    return [int(path[-11:-5]) if path else 0 for path in paths]


def test_each_wave_is_moved_by_its_own_steps() -> None:
    made = family()
    assert numbers(made) == [0, 0, 0]
    made = adopted(made)
    assert numbers(made) == [1, 1, 1], "whatever brought that state, its record came after it"
    made = proposed(made, "2")
    assert numbers(made) == [1, 1, 1], "a candidate without weight moves nothing"
    made = stepped(made, "2", {"a": 10})
    assert (numbers(made), moved_by_step(made)) == ([3, 1, 1], {"fraud-a"})
    made = stepped(made, "2", {"a": 100})
    made = stepped(made, "2", {"b": 10, "c": 10})
    assert (numbers(made), moved_by_step(made)) == ([4, 5, 5], {"fraud-b", "fraud-c"})


def test_what_keeps_the_weights_is_no_move() -> None:
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 100, "b": 100, "c": 100})
    held = decide(made, Action.HOLD, Position(Phase.HELD, 0, 0), "2")
    resumed = decide(held, Action.RESUME, Position(Phase.ROLLING, 0, 0), "2")
    assert numbers(resumed) == [3, 3, 3]
    assert moved_by_step(resumed) == {"fraud-a", "fraud-b", "fraud-c"}
    settled = verified(resumed, "2", START + timedelta(hours=3))
    assert numbers(settled) == [3, 3, 3], "the candidate became stable, with the same traffic"
    again = decide(settled, Action.ADOPT, Position(Phase.STEADY), "2")
    assert numbers(again) == [3, 3, 3]


def test_a_shift_moves_the_clusters_in_which_the_version_had_weight() -> None:
    shifted = in_phase(Phase.SHIFTED)
    assert (numbers(shifted), moved_by_shift(shifted)) == ([4, 1, 1], {"fraud-a"})
    back = {c.name: forms.verified(c.variants) for c in shifted.clusters}
    restored = decide(shifted, Action.RESTORE, Position(Phase.STEADY), "2", back)
    assert (numbers(restored), moved_by_shift(restored)) == ([4, 1, 1], set())


def test_a_restore_without_a_shift_moves_what_it_gives_other_versions() -> None:
    made = verified(stepped(proposed(adopted(family()), "2"), "2", {"a": 100}), "2")
    made = rolled_back(made, "2")
    assert made.records[-1].decision.action is Action.RESTORE
    assert numbers(made) == [5, 5, 5]


def test_a_second_shift_counts_with_the_first() -> None:
    made = in_phase(Phase.SHIFTED)
    by_hand = {
        c.name: forms.stepped(c.variants, "2", 20) if c.region == "b" else c.variants
        for c in made.clusters
    }
    made = decide(made, Action.SHIFT, Position(Phase.SHIFTED), "2", by_hand)
    shifted = {c.name: forms.shifted(c.variants, "2") for c in made.clusters}
    made = decide(made, Action.SHIFT, Position(Phase.SHIFTED), "2", shifted)
    assert moved_by_shift(made) == {"fraud-a", "fraud-b"}


def test_an_arm_that_is_retired_moves_its_clusters() -> None:
    arm = {"name": "b", "version": "3", "weight": 30, "experiment": True}
    made = adopted(with_variants(family(), {"name": "stable", "version": "1", "weight": 70}, arm))
    after = {n: forms.retired(v, {"3"}, warm=True) for n, v in current_variants(made).items()}
    made = decide(made, Action.RETIRE, Position(Phase.STEADY), "3", after)
    assert numbers(made) == [2, 2, 2]
