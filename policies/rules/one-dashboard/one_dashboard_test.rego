package lockstep.rules.one_dashboard_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.one_dashboard

_same := example.family({region: [null, [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_put(view, cluster, uid) := example.put(
	view,
	sprintf("/clusters/%d/new/spec/observability/dashboard", [cluster]), uid,
)

_found(family) := {[finding.cluster, finding.message, finding.pointer] |
	some finding in one_dashboard.deny with input as family
}

test_one_dashboard_is_allowed if {
	_found(_same) == set()
	one_dashboard.checked with input as _same
}

test_another_dashboard_is_denied_where_the_fewest_name_it if {
	found := one_dashboard.deny with input as _put(_same, 1, "mine")
	found == {{
		"message": concat("", [
			`the clusters of the family name 2 dashboards: ["fraud","mine"]; only one is rendered, `,
			"with all regions",
		]),
		"fix": "remove spec.observability.dashboard from the cluster, so that it has the one of family.yaml",
		"pointer": "/spec/observability/dashboard",
		"cluster": "fraud-us-east-1",
		"also": [
			{
				"cluster": "fraud-ap-south-1",
				"pointer": "/spec/observability/dashboard",
				"note": `names "fraud"`,
			},
			{
				"cluster": "fraud-eu-west-1",
				"pointer": "/spec/observability/dashboard",
				"note": `names "fraud"`,
			},
		],
	}}
}

test_without_a_destination_clusters_have_dashboards_of_their_own if {
	two := _put(_same, 0, "mine")
	count(_found(two)) == 1
	_found(example.without(two, "/environment/spec/observability/destination")) == set()
	_found(example.without(two, "/environment/spec/observability")) == set()
	one_dashboard.checked with input as example.without(two, "/environment/spec/observability")
}

test_a_cluster_without_a_dashboard_is_allowed if {
	_found(example.without(_same, "/clusters/0/new/spec/observability")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/clusters", "/clusters/0/name", "/clusters/1/new/spec", "/environment/spec"] {
		not one_dashboard.checked with input as example.without(_same, path)
	}
}
