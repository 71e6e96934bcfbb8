package lockstep.rules.on_call_route_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.on_call_route

_route(route) := example.put(example.cluster, "/new/spec/observability/onCall", route)

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_found(view) := {[finding.message, finding.pointer] |
	some finding in on_call_route.deny with input as view
}

test_a_named_secret_is_allowed if {
	_found(example.cluster) == set()
	_found(_route({"secret": "cafe", "key": "0123456789abcdef"})) == set()
	on_call_route.checked with input as example.cluster
}

test_production_needs_an_on_call_route if {
	silent := example.without(example.cluster, "/new/spec/observability/onCall")
	_found(silent) == {[
		concat("", [
			"spec.observability.onCall is missing; no one is paged by the alerts ",
			`["burn-rate","latency","drift"]`,
		]),
		"/spec/observability/onCall",
	]}
	_found(_staging(silent)) == set()
	on_call_route.checked with input as silent
}

test_nothing_at_all_is_denied_in_production if {
	bare := example.without(example.cluster, "/new/spec/observability")
	_found(bare) == {[
		"spec.observability.onCall is missing; no one is paged by the alerts []",
		"/spec/observability/onCall",
	]}
	_found(_staging(bare)) == set()
	on_call_route.checked with input as bare
}

test_what_is_missing_is_not_checked if {
	not on_call_route.checked with input as example.without(example.cluster, "/new/spec")
	not on_call_route.checked with input as example.put(
		example.cluster,
		"/new/spec/observability", "none",
	)
	every route in ["pagerduty", null, [], {"secret": 1}] {
		not on_call_route.checked with input as _route(route)
	}
}
