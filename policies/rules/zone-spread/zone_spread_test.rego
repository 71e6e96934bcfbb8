package lockstep.rules.zone_spread_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.zone_spread

_thresholds := {"production": 2}

_serving(changes) := example.put(
	example.cluster, "/new/spec/serving",
	object.union(example.cluster.new.spec.serving, changes),
)

_unsaid := example.without(example.cluster, "/new/spec/serving/zones")

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_found(view) := {[finding.message, finding.pointer] |
	some finding in zone_spread.deny with input as view
		with data.thresholds.zone_spread as _thresholds
		with data.thresholds.min_replicas as {"production": 2}
}

_checked(view) if {
	zone_spread.checked with input as view with data.thresholds.zone_spread as _thresholds
}

test_enough_zones_for_enough_pods_are_allowed if {
	_found(_serving({"zones": 2, "replicas": 2})) == set()
	_found(_serving({"zones": 3, "replicas": 3})) == set()
	_checked(_serving({"zones": 2}))
}

test_too_few_zones_are_denied_in_production if {
	found := {[
		"the pods of a version are spread over 1 zones; production requires at least 2",
		"/spec/serving/zones",
	]}
	_found(_serving({"zones": 1})) == found
	_found(_unsaid) == found
	_found(_staging(_unsaid)) == set()
	_checked(_unsaid)
}

test_more_zones_than_pods_are_denied_in_production if {
	crowded := _serving({"zones": 4, "replicas": 3})
	_found(crowded) == {["3 replicas cannot be spread over 4 zones", "/spec/serving/zones"]}
	_found(_staging(crowded)) == set()
}

test_a_single_pod_is_for_min_replicas_to_report if {
	_found(_serving({"zones": 2, "replicas": 1})) == set()
	count(_found(_serving({"zones": 3, "replicas": 1}))) == 1
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/serving", "/new/spec/serving/replicas"] {
		not _checked(example.without(example.cluster, path))
	}
	not _checked(_serving({"zones": "all"}))
	not _checked(_serving({"replicas": "3"}))
}

test_without_thresholds_it_is_not_checked if {
	not zone_spread.checked with input as example.cluster with data.thresholds as {}
}
