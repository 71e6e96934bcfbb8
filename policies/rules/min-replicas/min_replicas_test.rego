package lockstep.rules.min_replicas_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.min_replicas

_thresholds := {"production": 3}

_with(replicas) := example.put(example.cluster, "/new/spec/serving/replicas", replicas)

_found(view) := {[finding.message, finding.pointer] |
	some finding in min_replicas.deny with input as view
		with data.thresholds.min_replicas as _thresholds
}

test_enough_replicas_are_allowed if {
	_found(_with(3)) == set()
	min_replicas.checked with input as _with(3) with data.thresholds.min_replicas as _thresholds
}

test_one_fewer_is_denied_in_production if {
	_found(_with(2)) == {[
		"spec.serving.replicas is 2; production requires at least 3",
		"/spec/serving/replicas",
	]}
}

test_elsewhere_one_is_enough if {
	_found(example.put(_with(1), "/environment/spec/tier", "staging")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/serving", "/new/spec/serving/replicas"] {
		not min_replicas.checked with input as example.without(example.cluster, path)
			with data.thresholds.min_replicas as _thresholds
	}
	not min_replicas.checked with input as _with("3")
		with data.thresholds.min_replicas as _thresholds
}

test_without_thresholds_it_is_not_checked if {
	not min_replicas.checked with input as example.cluster with data.thresholds as {}
}
