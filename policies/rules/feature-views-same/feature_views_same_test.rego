package lockstep.rules.feature_views_same_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.feature_views_same

_same := example.family({region: [null, [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_found(family) := {[finding.cluster, finding.message, finding.pointer] |
	some finding in feature_views_same.deny with input as family
}

_put(cluster, field, value) := example.put(
	_same,
	sprintf("/clusters/%d/new/spec/features/%s", [cluster, field]), value,
)

test_the_same_features_are_allowed if {
	_found(_same) == set()
	feature_views_same.checked with input as _same
}

test_another_version_of_a_view_is_denied_where_the_fewest_read_it if {
	found := feature_views_same.deny with input as _put(1, "views/cards", "2")
	found == {{
		"message": concat("", [
			`the clusters of the family read feature view "cards" in 2 versions; version "2" is `,
			`read by ["fraud-us-east-1"]`,
		]),
		"fix": "read the same version of the view in every cluster of the family",
		"pointer": "/spec/features/views/cards",
		"cluster": "fraud-us-east-1",
		"also": [
			{
				"cluster": "fraud-ap-south-1",
				"pointer": "/spec/features/views/cards",
				"note": `reads "3"`,
			},
			{
				"cluster": "fraud-eu-west-1",
				"pointer": "/spec/features/views/cards",
				"note": `reads "3"`,
			},
		],
	}}
}

test_of_two_halves_the_newer_deviates if {
	two := example.without(_put(0, "views/cards", "10"), "/clusters/1")
	{name | some [name, _, _] in _found(two)} == {"fraud-ap-south-1"}
}

test_a_view_that_only_some_read_is_allowed if {
	_found(_put(0, "views/devices", "1")) == set()
	_found(example.without(_same, "/clusters/0/new/spec/features")) == set()
}

test_another_service_or_store_is_denied if {
	_found(_put(2, "service", "fraud_v2")) == {[
		"fraud-eu-west-1",
		concat("", [
			`"service" of spec.features is "fraud_v2" in ["fraud-eu-west-1"] and differs in the `,
			"other clusters of the family",
		]),
		"/spec/features/service",
	]}
	{pointer | some [_, _, pointer] in _found(_put(2, "store", "tecton"))} == {"/spec/features/store"}
}

test_what_is_missing_is_not_checked if {
	every path in ["/clusters", "/clusters/0/name", "/clusters/1/new/spec"] {
		not feature_views_same.checked with input as example.without(_same, path)
	}
}
