package lockstep.rules.step_in_plan_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.step_in_plan

_found(old, new) := {[finding.message, finding.pointer] |
	some finding in step_in_plan.deny with input as example.change(old, new)
}

_swapped := [
	{"name": "stable", "version": "42", "weight": 100},
	{"name": "previous", "version": "41", "weight": 0, "warm": true},
]

test_each_step_of_the_plan_is_allowed if {
	every pair in [[0, 1], [1, 10], [10, 50], [1, 1], [50, 10], [0, 0]] {
		_found(example.step(pair[0]), example.step(pair[1])) == set()
	}
	_found(example.step(50), _swapped) == set()
	_found([example.stable], example.step(1)) == set()
	step_in_plan.checked with input as example.change([example.stable], example.step(1))
}

test_a_larger_step_is_denied if {
	_found(example.step(1), example.step(50)) == {[
		`version "42" goes from weight 1 to 50; the next step of the plan is 10`,
		"/spec/variants/1/weight",
	]}
}

test_a_jump_to_the_end_is_denied if {
	count(_found([example.stable], _swapped)) == 1
	count(_found(example.step(10), _swapped)) == 1
}

test_a_plan_written_anew_carries_no_move_of_the_same_change if {
	jump := example.change([example.stable], _swapped)
	at_once := example.put(jump, "/family/spec/rollout/steps", [{"weight": 100}])
	count(step_in_plan.deny) == 1 with input as at_once
	step_in_plan.deny == set() with input as example.put(at_once, "/family_before", null)
	malformed := example.put(at_once, "/family_before/spec/rollout/steps", [{"weight": "1"}])
	step_in_plan.deny == set() with input as malformed
}

test_a_cluster_that_joins_takes_no_larger_step_than_the_others if {
	joining := example.put(example.with_variants(_swapped), "/variants_before", [example.step(10)])
	found := step_in_plan.deny with input as joining
	{finding.message | some finding in found} == {`version "42" goes from weight 10 to 100; the next step of the plan is 50`}
	served := example.put(joining, "/variants_before", [example.step(10), _swapped])
	step_in_plan.deny == set() with input as served
}

test_a_weight_between_two_steps_is_denied_beyond_the_next if {
	_found(example.step(1), example.step(7)) == set()
	count(_found(example.step(1), example.step(11))) == 1
}

test_weights_that_do_not_add_up_are_left_to_the_rule_for_sums if {
	_found(_swapped, [object.union(_swapped[0], {"weight": 120})]) == set()
	_found(example.step(1), [example.stable, object.union(example.step(60)[1], {"weight": 60})]) == set()
}

test_steps_shrink_with_an_experiment if {
	arm := {"name": "arm", "version": "7", "weight": 50, "experiment": true}
	before := [{"name": "stable", "version": "41", "weight": 50}, arm]
	after := [
		{"name": "stable", "version": "41", "weight": 49},
		arm,
		{"name": "candidate", "version": "42", "weight": 1},
	]
	beyond := [
		{"name": "stable", "version": "41", "weight": 45},
		arm,
		{"name": "candidate", "version": "42", "weight": 5},
	]
	_found(before, after) == set()
	_found(after, beyond) == set()
	count(_found(before, beyond)) == 1
	_found(before, [example.stable]) == set()
}

test_an_arm_that_becomes_a_role_starts_at_nothing if {
	arm := {"name": "arm", "version": "42", "weight": 50, "experiment": true}
	half := {"name": "stable", "version": "41", "weight": 50}
	count(_found([half, arm], example.step(50))) == 1
}

test_a_new_cluster_is_exempt if {
	step_in_plan.deny == set() with input as example.with_variants(_swapped)
}

test_a_rollback_is_exempt if {
	back := [{"name": "stable", "version": "41", "weight": 100}]
	_found(_swapped, back) == set()
}

test_an_adopted_state_is_exempt if {
	change := example.change([example.stable], _swapped)
	step_in_plan.deny == set() with input as example.put(change, "/rollout/adopted", true)
}

test_a_malformed_past_gives_no_step_away if {
	change := example.put(example.change([], _swapped), "/old", {"spec": "lost"})
	count(step_in_plan.deny) == 1 with input as change
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/old", "/new/spec/variants", "/rollout/verified", "/rollout/adopted",
		"/family/spec/rollout/steps",
	] {
		not step_in_plan.checked with input as example.without(example.cluster, path)
	}
}

_crowded := [
	{"name": "stable", "version": "41", "weight": 30},
	{"name": "previous", "version": "42", "weight": 0},
	{"name": "arm", "version": "42", "weight": 20, "experiment": true},
	{"name": "candidate", "version": "42", "weight": 50},
]

test_only_the_variant_with_weight_is_named if {
	{pointer | some [_, pointer] in _found([example.stable], _crowded)} == {"/spec/variants/3/weight"}
}

test_a_plan_without_weights_is_not_checked if {
	steps := [{"mirror": 20}]
	plan := example.put(example.cluster, "/family/spec/rollout/steps", steps)
	not step_in_plan.checked with input as plan
}

test_what_is_not_a_version_is_left_to_version_pinned if {
	_found([example.stable], [{"name": "stable", "version": "v41", "weight": 100}]) == set()
}
