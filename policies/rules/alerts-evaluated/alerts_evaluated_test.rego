package lockstep.rules.alerts_evaluated_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.alerts_evaluated

_observability := "/environment/spec/observability"

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_alerts(alerts) := example.put(example.cluster, "/new/spec/observability/alerts", alerts)

_part(view, part, value) := example.put(view, concat("/", [_observability, part]), value)

_no(view, part) := example.without(view, concat("/", [_observability, part]))

_found(view) := {[finding.message, finding.pointer] |
	some finding in alerts_evaluated.deny with input as view
}

_all := _part(_alerts(["burn-rate", "skew", "cost"]), "cost", {"currency": "EUR"})

test_alerts_with_all_that_evaluates_them_are_allowed if {
	_found(example.cluster) == set()
	_found(_all) == set()
	_found(_staging(_all)) == set()
	alerts_evaluated.checked with input as _all
}

test_skew_needs_a_prometheus_that_sees_all_regions if {
	denied := {[
		concat("", [
			`nothing evaluates the alert "skew": the Prometheus of a region never sees the other `,
			`regions, and spec.observability of environment "prod" has no destination`,
		]),
		"/spec/observability/alerts/1",
	]}
	_found(_no(_all, "destination")) == denied
	shown := example.without(_all, "/new/spec/observability/dashboard")
	_found(_no(_staging(shown), "destination")) == denied
	_found(_no(example.cluster, "destination")) == set()
}

test_a_cost_alert_needs_costs if {
	_found(_no(_all, "cost")) == {[
		concat("", [
			`nothing evaluates the alert "cost": spec.observability of environment "prod" has no `,
			"cost, so no series has the costs of the pods",
		]),
		"/spec/observability/alerts/2",
	]}
	_found(_no(_part(example.cluster, "cost", {}), "cost")) == set()
}

test_outside_production_a_dashboard_needs_the_destination if {
	_found(_staging(_no(example.cluster, "destination"))) == {[
		concat("", [
			`the dashboard "fraud" is rendered nowhere: spec.observability of environment "prod" has `,
			"no destination",
		]),
		"/spec/observability/dashboard",
	]}
	blind := example.without(example.cluster, "/new/spec/observability/dashboard")
	_found(_staging(_no(blind, "destination"))) == set()
}

test_outside_production_an_on_call_route_needs_an_alertmanager if {
	_found(_staging(_no(example.cluster, "alertmanager"))) == {[
		concat("", [
			`no one is paged by Secret "pagerduty": spec.observability of environment "prod" has no `,
			"alertmanager",
		]),
		"/spec/observability/onCall",
	]}
	_found(_no(example.cluster, "alertmanager")) == set()
	silent := example.without(example.cluster, "/new/spec/observability/onCall")
	_found(_staging(_no(silent, "alertmanager"))) == set()
}

test_where_nothing_is_observed_nothing_is_asked if {
	dark := example.without(_all, _observability)
	_found(dark) == set()
	_found(_staging(dark)) == set()
	alerts_evaluated.checked with input as dark
	bare := example.without(_all, "/new/spec/observability")
	_found(bare) == set()
	alerts_evaluated.checked with input as bare
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec", "/environment/spec", "/environment/metadata/name"] {
		not alerts_evaluated.checked with input as example.without(example.cluster, path)
	}
	not alerts_evaluated.checked with input as _alerts("skew")
	not alerts_evaluated.checked with input as example.put(example.cluster, _observability, "yes")
}
