package lockstep.rules.dashboard_not_shared_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.dashboard_not_shared

_dashboards(dashboards) := example.put(example.environment, "/families/1/dashboards", dashboards)

_found(view) := {[finding.message, finding.cluster, finding.pointer, names] |
	some finding in dashboard_not_shared.deny with input as view
	names := [other.cluster | some other in finding.also]
}

test_a_dashboard_for_each_family_is_allowed if {
	_found(example.environment) == set()
	_found(_dashboards({})) == set()
	dashboard_not_shared.checked with input as example.environment
}

test_a_dashboard_of_two_families_is_denied if {
	_found(_dashboards({"fraud": "ranking-eu-west-1"})) == {[
		concat("", [
			`the dashboard "fraud" is named by 2 families: ["fraud","ranking"]; Grafana keeps only one `,
			"of theirs",
		]),
		"fraud-eu-west-1", "/spec/observability/dashboard", ["ranking-eu-west-1"],
	]}
}

test_case_makes_no_other_dashboard if {
	count(_found(_dashboards({"Fraud": "ranking-eu-west-1"}))) == 1
	_found(_dashboards({"Shop": "ranking-eu-west-1", "shop": "ranking-us-east-1"})) == set()
}

test_without_a_destination_a_dashboard_may_be_shared if {
	shared := _dashboards({"fraud": "ranking-eu-west-1"})
	_found(example.without(shared, "/environment/spec/observability/destination")) == set()
	_found(example.without(shared, "/environment/spec/observability")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/families", "/families/0/name", "/families/1/dashboards", "/environment/spec"] {
		not dashboard_not_shared.checked with input as example.without(example.environment, path)
	}
}
