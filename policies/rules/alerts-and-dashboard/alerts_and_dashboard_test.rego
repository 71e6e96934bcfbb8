package lockstep.rules.alerts_and_dashboard_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.alerts_and_dashboard

_thresholds := {"alerts": ["burn-rate", "drift"]}

_alerts(alerts) := example.put(example.cluster, "/new/spec/observability/alerts", alerts)

_staging(view) := example.put(view, "/environment/spec/tier", "staging")

_found(view) := {[finding.message, finding.pointer] |
	some finding in alerts_and_dashboard.deny with input as view
		with data.thresholds.alerts_and_dashboard as _thresholds
}

_checked(view) if {
	alerts_and_dashboard.checked with input as view
		with data.thresholds.alerts_and_dashboard as _thresholds
}

test_all_required_alerts_are_allowed if {
	_found(example.cluster) == set()
	_found(_alerts(["drift", "burn-rate"])) == set()
	_checked(example.cluster)
}

test_missing_alerts_are_denied_in_production if {
	_found(_alerts(["latency", "drift"])) == {[
		`spec.observability.alerts has ["latency","drift"]; production also requires ["burn-rate"]`,
		"/spec/observability/alerts",
	]}
	_found(_staging(_alerts(["latency"]))) == set()
}

test_a_missing_dashboard_is_denied_in_production if {
	blind := example.without(example.cluster, "/new/spec/observability/dashboard")
	_found(blind) == {[
		`spec.observability.dashboard is missing; spec.observability has only ["alerts","drift","onCall","slo"]`,
		"/spec/observability/dashboard",
	]}
	_found(_staging(blind)) == set()
}

test_nothing_at_all_is_denied_in_production if {
	bare := example.without(example.cluster, "/new/spec/observability")
	{pointer | some [_, pointer] in _found(bare)} == {
		"/spec/observability/alerts", "/spec/observability/dashboard",
	}
	_found(_staging(bare)) == set()
	_checked(bare)
}

test_an_alert_without_its_objective_is_denied_elsewhere if {
	unmeasured := example.without(example.cluster, "/new/spec/observability/slo")
	_found(_staging(unmeasured)) == {
		[
			concat("", [
				`the alert "burn-rate" measures against the field `,
				`"spec.observability.slo.availability", which is missing`,
			]),
			"/spec/observability/alerts/0",
		],
		[
			concat("", [
				`the alert "latency" measures against the field "spec.observability.slo.latency", `,
				"which is missing",
			]),
			"/spec/observability/alerts/1",
		],
		[
			concat("", [
				`the alert "latency" measures against the field `,
				`"spec.observability.slo.percentile", which is missing`,
			]),
			"/spec/observability/alerts/1",
		],
	}
	_found(unmeasured) == set()
}

test_an_alert_on_cost_needs_the_cost_that_is_planned if {
	costly := _staging(_alerts(["cost"]))
	_found(costly) == set()
	_found(example.without(costly, "/new/spec/cost")) == {[
		`the alert "cost" measures against the field "spec.cost.monthly", which is missing`,
		"/spec/observability/alerts/0",
	]}
}

test_an_alert_without_its_metric_is_denied_everywhere if {
	unmeasured := example.without(_alerts(["burn-rate", "drift"]), "/new/spec/observability/drift")
	denied := {[
		concat("", [
			`no metric is named for the alert "drift"; spec.observability has only `,
			`["alerts","dashboard","onCall","slo"]`,
		]),
		"/spec/observability/alerts/1",
	]}
	_found(unmeasured) == denied
	_found(_staging(unmeasured)) == denied
	accuracy := _alerts(["burn-rate", "drift", "accuracy"])
	{pointer | some [_, pointer] in _found(accuracy)} == {"/spec/observability/alerts/2"}
	measured := {"metric": "model_accuracy", "baseline": 0.9}
	_found(example.put(accuracy, "/new/spec/observability/accuracy", measured)) == set()
	unnamed := example.put(accuracy, "/new/spec/observability/accuracy", {"baseline": 0.9})
	count(_found(unnamed)) == 1
}

test_what_is_missing_is_not_checked if {
	not _checked(example.without(example.cluster, "/new/spec"))
	not _checked(_alerts("burn-rate"))
	not _checked(example.put(example.cluster, "/new/spec/observability", ["alerts"]))
}

test_without_thresholds_it_is_not_checked if {
	not alerts_and_dashboard.checked with input as example.cluster with data.thresholds as {}
}
