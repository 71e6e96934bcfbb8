package lockstep.lib.active_variants_test

import data.lockstep.lib.active_variants
import data.lockstep.lib.example_test as example

_variants := [
	{"name": "stable", "version": "42", "weight": 100},
	{"name": "previous", "version": "41", "weight": 0, "warm": true},
	{"name": "candidate", "version": "43", "weight": 0},
	{"name": "arm", "version": "7", "weight": 0, "experiment": true},
	{"name": "idle", "version": "8", "weight": 0, "warm": false},
]

test_the_candidate_is_active_before_it_has_weight if {
	active_variants.by_index == {0: _variants[0], 2: _variants[2]} with input as example.with_variants(_variants)
}

test_what_is_warm_runs if {
	object.keys(active_variants.or_warm) == {0, 1, 2} with input as example.with_variants(_variants)
}

test_a_candidate_with_weight_and_warm_is_one if {
	both := [object.union(example.stable, {"warm": true})]
	active_variants.or_warm == {0: both[0]} with input as example.with_variants(both)
}
