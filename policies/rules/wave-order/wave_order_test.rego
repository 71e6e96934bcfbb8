package lockstep.rules.wave_order_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.wave_order

_new := [{"name": "stable", "version": "42", "weight": 100}]

_old := [example.stable]

_family(ap, us, eu) := example.family({"ap-south-1": ap, "us-east-1": us, "eu-west-1": eu})

test_the_first_wave_moves_first if {
	first := _family([_old, example.step(1)], [_old, _old], [_old, _old])
	second := _family([_new, _new], [_old, example.step(1)], [_old, _old])
	wave_order.deny == set() with input as first
	wave_order.deny == set() with input as second
	wave_order.checked with input as second
}

test_a_later_wave_must_wait if {
	early := _family([_old, example.step(1)], [_old, _old], [_old, example.step(1)])
	found := wave_order.deny with input as early
	found == {{
		"message": concat("", [
			`version "42" gains weight in "fraud-eu-west-1" while clusters of earlier waves still `,
			`serve another version: ["fraud-ap-south-1","fraud-us-east-1"]`,
		]),
		"fix": "finish the earlier waves first, or move the version with lockstep advance",
		"pointer": "/spec/variants/1/weight",
		"cluster": "fraud-eu-west-1",
		"also": [
			{
				"cluster": "fraud-ap-south-1",
				"pointer": "/spec/variants/0/weight",
				"note": "still serves version 41",
			},
			{
				"cluster": "fraud-us-east-1",
				"pointer": "/spec/variants/0/weight",
				"note": "still serves version 41",
			},
		],
	}}
}

test_the_place_that_delays_it_is_a_variant_with_weight if {
	half := [
		{"name": "arm", "version": "7", "weight": 50, "experiment": true},
		{"name": "candidate", "version": "42", "weight": 25},
		{"name": "previous", "version": "41", "weight": 0},
		{"name": "stable", "version": "41", "weight": 25},
	]
	found := wave_order.deny with input as _family([half, half], [_old, example.step(1)], [_old, _old])
	{place.pointer | some finding in found; some place in finding.also} == {"/spec/variants/3/weight"}
}

test_a_half_finished_wave_holds_the_next if {
	early := _family([_old, example.step(50)], [_old, example.step(1)], [_old, _old])
	count(wave_order.deny) == 1 with input as early
}

test_what_was_out_of_order_before_and_does_not_grow_is_allowed if {
	still := _family([_old, _old], [example.step(1), example.step(1)], [_old, _old])
	less := _family([_old, _old], [example.step(50), example.step(10)], [_old, _old])
	wave_order.deny == set() with input as still
	wave_order.deny == set() with input as less
}

test_waves_written_anew_carry_no_move_of_the_same_change if {
	early := _family([_old, _old], [_old, _old], [_old, example.step(1)])
	turned := example.put(
		early, "/family/spec/rollout/waves",
		[["eu-west-1"], ["us-east-1"], ["ap-south-1"]],
	)
	found := wave_order.deny with input as turned
	{place.cluster | some finding in found; some place in finding.also} == {
		"fraud-ap-south-1",
		"fraud-us-east-1",
	}
	wave_order.deny == set() with input as example.put(turned, "/family_before", null)
	malformed := example.put(turned, "/family_before/spec/rollout/waves", "lost")
	wave_order.deny == set() with input as malformed
}

test_a_cluster_that_joins_waits_as_the_others_do if {
	joining := _family([_old, _old], [_old, _old], [null, _new])
	known := example.put(joining, "/variants_before", [_old, _old])
	found := wave_order.deny with input as known
	{finding.cluster | some finding in found} == {"fraud-eu-west-1"}
	served := example.put(joining, "/variants_before", [_old, _new])
	wave_order.deny == set() with input as served
	not wave_order.checked with input as example.without(joining, "/variants_before")
}

test_exemptions if {
	back := _family([_new, _new], [_new, _old], [_new, _new])
	early := _family([_old, _old], [_old, example.step(1)], [_old, _old])
	newcomer := _family([_old, _old], [_old, _old], [null, _new])
	wave_order.deny == set() with input as back
	wave_order.deny == set() with input as newcomer
	wave_order.checked with input as newcomer
	wave_order.deny == set() with input as example.put(early, "/rollout/adopted", true)
}

test_a_region_in_no_wave_is_not_checked if {
	steady := _family([_old, _old], [_old, _old], [_old, _old])
	lost := example.put(steady, "/family/spec/rollout/waves", [["ap-south-1"]])
	not wave_order.checked with input as lost
}

test_a_malformed_past_gives_no_weight_away if {
	family := _family([_old, _old], [_old, example.step(1)], [_old, _old])
	count(wave_order.deny) == 1 with input as example.put(family, "/clusters/1/old", {})
}

test_what_is_missing_is_not_checked if {
	family := _family([_old, _old], [_old, _old], [_old, _old])
	every path in [
		"/clusters", "/clusters/0/name", "/clusters/0/new/spec/region", "/clusters/2/old",
		"/clusters/1/new/spec/variants", "/rollout/verified", "/rollout/adopted",
		"/family/spec/rollout/waves",
	] {
		not wave_order.checked with input as example.without(family, path)
	}
}

test_only_the_variant_with_weight_is_named if {
	crowded := [
		{"name": "stable", "version": "41", "weight": 30},
		{"name": "previous", "version": "42", "weight": 0},
		{"name": "arm", "version": "42", "weight": 20, "experiment": true},
		{"name": "candidate", "version": "42", "weight": 50},
	]
	early := _family([_old, _old], [_old, crowded], [_old, _old])
	found := wave_order.deny with input as early
	{finding.pointer | some finding in found} == {"/spec/variants/3/weight"}
}

test_a_change_of_other_fields_is_allowed if {
	warm := [object.union(variant, {"warm": true}) | some variant in example.step(1)]
	other_field := _family([_old, _old], [example.step(1), warm], [_old, _old])
	wave_order.deny == set() with input as other_field
}

test_what_is_not_a_version_is_left_to_version_pinned if {
	other := [{"name": "stable", "version": "v41", "weight": 100}]
	wave_order.deny == set() with input as _family([_old, _old], [_old, _old], [_old, other])
}
