package lockstep.rules.on_call_route_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.on_call_route

_route(route) := example.put(example.cluster, "/new/spec/observability/onCall", route)

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_thresholds := {"secrets": {"onCall": ["pagerduty", "pager-{tenant}", "pager-of-{family}"]}}

_found(view) := {[finding.message, finding.pointer] |
	some finding in on_call_route.deny with input as view
		with data.thresholds.organisation as _thresholds
}

_checked(view) if {
	on_call_route.checked with input as view with data.thresholds.organisation as _thresholds
}

test_a_named_secret_is_allowed if {
	_found(example.cluster) == set()
	_found(_route({"secret": "pager-risk", "key": "0123456789abcdef"})) == set()
	_found(_route({"secret": "pager-of-fraud", "key": "a"})) == set()
	_checked(example.cluster)
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
	_checked(silent)
}

test_nothing_at_all_is_denied_in_production if {
	bare := example.without(example.cluster, "/new/spec/observability")
	_found(bare) == {[
		"spec.observability.onCall is missing; no one is paged by the alerts []",
		"/spec/observability/onCall",
	]}
	_found(_staging(bare)) == set()
	_checked(bare)
}

_of_shop := {[
	concat("", [
		`alerts page with the routing key in Secret "pager-shop"; the routing keys of this family are `,
		`in ["pagerduty","pager-risk","pager-of-fraud"]`,
	]),
	"/spec/observability/onCall/secret",
]}

test_the_key_of_another_team_is_denied_everywhere if {
	other := _route({"secret": "pager-shop", "key": "routing-key"})
	_found(other) == _of_shop
	_found(_staging(other)) == _of_shop
	every secret in ["fraud-eu-west-1", "pager-{tenant}", "pager", "pager-of-ranking"] {
		count(_found(_route({"secret": secret, "key": "routing-key"}))) == 1
	}
}

test_without_a_list_no_secret_is_allowed if {
	found := on_call_route.deny with input as example.cluster
		with data.thresholds.organisation as {"secrets": {}}
	{finding.message | some finding in found} == {concat("", [
		`alerts page with the routing key in Secret "pagerduty"; the routing keys of this family are `,
		"in []",
	])}
}

test_where_no_alert_is_routed_no_secret_is_read if {
	every path in ["/environment/spec/observability", "/environment/spec/observability/alertmanager"] {
		dark := example.without(_route({"secret": "pager-shop", "key": "routing-key"}), path)
		_found(dark) == set()
		_checked(dark)
	}
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec", "/family/metadata/name", "/family/metadata/tenant"] {
		not _checked(example.without(example.cluster, path))
	}
	not _checked(example.put(example.cluster, "/new/spec/observability", "none"))
	every route in ["pagerduty", null, [], {"secret": 1}] {
		not _checked(_route(route))
	}
}

test_without_thresholds_it_is_not_checked if {
	not on_call_route.checked with input as example.cluster with data.thresholds as {}
}
