package lockstep.rules.disruption_budget_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.disruption_budget

_budget(budget) := example.put(example.cluster, "/new/spec/serving/disruption", budget)

_none := example.without(example.cluster, "/new/spec/serving/disruption")

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_found(view) := {[finding.message, finding.pointer] |
	some finding in disruption_budget.deny with input as view
		with data.thresholds.min_replicas as {"production": 2}
}

test_a_budget_that_keeps_some_and_lets_some_go_is_allowed if {
	every budget in [
		{"maxUnavailable": 1}, {"maxUnavailable": 2}, {"minAvailable": 1}, {"minAvailable": 2},
	] {
		_found(_budget(budget)) == set()
		disruption_budget.checked with input as _budget(budget)
	}
}

test_production_needs_a_budget if {
	_found(_none) == {[
		"spec.serving.disruption is missing; one drain can evict all 3 pods of a version",
		"/spec/serving/disruption",
	]}
	_found(_staging(_none)) == set()
	disruption_budget.checked with input as _none
}

test_keeping_all_pods_is_denied_everywhere if {
	found := _found(_budget({"minAvailable": 3}))
	found == {[
		"minAvailable is 3 of 3 replicas; no pod may be evicted and no node can be drained",
		"/spec/serving/disruption/minAvailable",
	]}
	_found(_staging(_budget({"minAvailable": 3}))) == found
}

test_allowing_no_eviction_is_denied_everywhere if {
	found := _found(_budget({"maxUnavailable": 0}))
	found == {[
		"maxUnavailable is 0; no pod may be evicted and no node can be drained",
		"/spec/serving/disruption/maxUnavailable",
	]}
	_found(_staging(_budget({"maxUnavailable": 0}))) == found
}

test_keeping_nothing_is_denied_in_production if {
	_found(_budget({"minAvailable": 0})) == {[
		`the budget {"minAvailable":0} keeps none of the 3 replicas while nodes are drained`,
		"/spec/serving/disruption/minAvailable",
	]}
	_found(_budget({"maxUnavailable": 3})) == {[
		`the budget {"maxUnavailable":3} keeps none of the 3 replicas while nodes are drained`,
		"/spec/serving/disruption/maxUnavailable",
	]}
	_found(_staging(_budget({"minAvailable": 0}))) == set()
	_found(_staging(_budget({"maxUnavailable": 3}))) == set()
}

test_a_single_pod_is_for_min_replicas_to_report if {
	single := example.put(example.cluster, "/new/spec/serving/replicas", 1)
	_found(single) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/serving", "/new/spec/serving/replicas"] {
		not disruption_budget.checked with input as example.without(example.cluster, path)
	}
	every budget in ["all", null, [], {"minAvailable": "50%"}] {
		not disruption_budget.checked with input as _budget(budget)
	}
}
