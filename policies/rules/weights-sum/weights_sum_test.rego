package lockstep.rules.weights_sum_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.weights_sum

_found(variants) := found if {
	found := weights_sum.deny with input as example.with_variants(variants)
}

test_a_sum_of_100_is_allowed if {
	_found([example.stable]) == set()
	_found(example.step(1)) == set()
	_found(example.step(0)) == set()
	weights_sum.checked with input as example.cluster
}

test_other_sums_are_denied if {
	some weight in [0, 99, 101]
	_found([object.union(example.stable, {"weight": weight})]) == {{
		"message": sprintf("the weights of the variants add up to %d; they must add up to 100", [weight]),
		"fix": "change the weights so that they add up to 100",
		"pointer": "/spec/variants",
	}}
}

test_no_variants_are_denied if count(_found([])) == 1

test_arms_count if {
	arm := {"name": "arm", "version": "7", "weight": 10, "experiment": true}
	count(_found([example.stable, arm])) == 1
}

test_a_negative_weight_is_denied if {
	_found(example.step(-10)) == {{
		"message": `the weight of variant "candidate" is negative: -10`,
		"fix": "give the variant a weight from 0 to 100",
		"pointer": "/spec/variants/1/weight",
	}}
}

test_a_missing_weight_is_not_checked if {
	not weights_sum.checked with input as example.with_variants([{"name": "stable"}])
}
