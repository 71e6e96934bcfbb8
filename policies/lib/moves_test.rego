package lockstep.lib.moves_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.moves

_forward(old, new) := found if {
	found := moves.forward with input as example.change(old, new)
}

_stable(weight) := object.union(example.stable, {"weight": weight})

_arm(version, weight) := {"name": "arm", "version": version, "weight": weight, "experiment": true}

test_a_candidate_that_gains_moves_forward if {
	_forward(example.step(1), example.step(10)) == {1: {"before": 1, "after": 10}}
	_forward([example.stable], example.step(1)) == {1: {"before": 0, "after": 1}}
}

test_what_stays_or_shrinks_does_not_move_forward if {
	_forward(example.step(10), example.step(10)) == {}
	_forward(example.step(10), example.step(1)) == {}
	_forward([example.stable], example.step(0)) == {}
}

test_a_verified_version_never_moves_forward if {
	_forward(example.step(50), [example.stable]) == {}
}

_joins(family, new) := found if {
	joining := example.put(example.with_variants(new), "/variants_before", family)
	found := moves.forward with input as joining
}

test_a_cluster_of_a_new_family_moves_nothing if {
	_joins([], example.step(50)) == {}
	_joins([], [_stable(95), _arm("42", 5)]) == {}
}

test_a_cluster_that_joins_a_family_moves_what_no_cluster_served_so_far if {
	_joins([example.step(1), example.step(10)], example.step(50)) == {1: {"before": 10, "after": 50}}
	_joins([[example.stable]], example.step(1)) == {1: {"before": 0, "after": 1}}
	_joins([[example.stable]], [_stable(95), _arm("42", 5)]) == {1: {"before": 0, "after": 5}}
}

test_a_cluster_that_joins_a_family_as_it_is_moves_nothing if {
	_joins([example.step(10), [example.stable]], example.step(10)) == {}
	arms := [_stable(95), _arm("42", 5)]
	_joins([[example.stable], arms], arms) == {}
	served := [{"name": "stable", "version": "42", "weight": 95}, _arm("7", 5)]
	_joins([served], [{"name": "stable", "version": "42", "weight": 100}]) == {}
}

test_an_arm_counts_by_its_own_weight if {
	_forward([example.stable], [_stable(95), _arm("42", 5)]) == {1: {"before": 0, "after": 5}}
	_forward([_stable(95), _arm("42", 5)], [_stable(90), _arm("42", 10)]) == {1: {
		"before": 5,
		"after": 10,
	}}
	_forward([_stable(90), _arm("42", 10)], [_stable(95), _arm("42", 5)]) == {}
}

test_only_the_variant_with_weight_moves if {
	idle := {"name": "previous", "version": "42", "weight": 0}
	object.keys(_forward([example.stable], array.concat(example.step(5), [idle]))) == {1}
}

test_arms_and_roles_are_weighed_apart if {
	old := [_stable(90), _arm("42", 5), object.union(_arm("7", 5), {"name": "other"})]
	new := [_stable(85), _arm("42", 10), object.union(_arm("7", 5), {"name": "other"})]
	_forward(old, new) == {1: {"before": 5, "after": 10}}
	role := [{"name": "stable", "version": "42", "weight": 100}]
	_forward(role, [{"name": "stable", "version": "42", "weight": 90}, _arm("42", 10)]) == {1: {
		"before": 0,
		"after": 10,
	}}
}

test_an_arm_that_goes_makes_no_role_move if {
	old := [
		{"name": "stable", "version": "41", "weight": 25},
		_arm("7", 50),
		{"name": "candidate", "version": "42", "weight": 25},
	]
	_forward(old, example.step(50)) == {}
}

test_a_malformed_past_counts_as_nothing if {
	hostile := example.put(example.change([], example.step(5)), "/old", {"spec": "lost"})
	moves.forward == {1: {"before": 0, "after": 5}} with input as hostile
	arms := example.put(
		example.change([], [_arm("42", 100)]), "/old/spec/variants",
		[{"name": "arm", "experiment": true, "version": "42", "weight": "9"}],
	)
	moves.forward == {0: {"before": 0, "after": 100}} with input as arms
}
