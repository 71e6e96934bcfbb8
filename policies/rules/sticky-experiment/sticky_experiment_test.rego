package lockstep.rules.sticky_experiment_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.sticky_experiment

_arm(name, weight) := {"name": name, "version": "42", "weight": weight, "experiment": true}

_found(variants, header) := {[finding.message, finding.pointer] |
	some finding in sticky_experiment.deny with input as example.put(
		example.with_variants(variants),
		"/new/spec/traffic", header,
	)
}

_header := {"bucketHeader": "x-user-bucket"}

test_arms_with_a_header_are_allowed if {
	_found([example.stable, _arm("blue", 1)], _header) == set()
	sticky_experiment.checked with input as example.cluster
}

test_arms_without_a_header_are_denied_once if {
	_found([example.stable, _arm("blue", 1), _arm("green", 1)], {}) == {[
		`arms ["blue","green"] have weight, but spec.traffic.bucketHeader is missing`,
		"/spec/variants/1/weight",
	]}
	bare := example.without(
		example.with_variants([_arm("blue", 100)]),
		"/new/spec/traffic",
	)
	count(sticky_experiment.deny) == 1 with input as bare
}

test_roles_and_idle_arms_need_none if {
	_found([example.stable, _arm("blue", 0)], {}) == set()
	_found(example.step(10), {}) == set()
	_found([_arm("stable", 100)], {}) == set()
}

test_what_is_missing_is_not_checked if {
	not sticky_experiment.checked with input as example.without(
		example.cluster,
		"/new/spec/variants",
	)
}
