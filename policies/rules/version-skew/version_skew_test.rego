package lockstep.rules.version_skew_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.version_skew

_serving(versions) := example.family({region: [null, [variant]] |
	some region, version in versions
	variant := object.union(example.stable, {"version": version})
})

_three := _serving({"ap-south-1": "43", "us-east-1": "42", "eu-west-1": "9"})

test_one_version_and_two_are_allowed if {
	one := _serving({"ap-south-1": "41", "us-east-1": "41", "eu-west-1": "41"})
	two := _serving({"ap-south-1": "42", "us-east-1": "41", "eu-west-1": "41"})
	version_skew.deny == set() with input as one
	version_skew.deny == set() with input as two
	version_skew.checked with input as two
}

test_three_versions_are_denied_at_the_newest_of_the_rarest if {
	found := version_skew.deny with input as _three
	found == {{
		"message": concat("", [
			"the clusters of the family serve 3 versions, a skew of 2; at most 1 is allowed: ",
			`{"42":["fraud-us-east-1"],"43":["fraud-ap-south-1"],"9":["fraud-eu-west-1"]}`,
		]),
		"fix": "finish or revert the rollout of one version before another version gets weight",
		"pointer": "/spec/variants/0/version",
		"cluster": "fraud-ap-south-1",
		"also": [
			{
				"cluster": "fraud-us-east-1",
				"pointer": "/spec/variants/0/version",
				"note": "serves version 42",
			},
			{
				"cluster": "fraud-eu-west-1",
				"pointer": "/spec/variants/0/version",
				"note": "serves version 9",
			},
		],
	}}
}

test_experiments_and_idle_versions_are_left_out if {
	variants := [
		{"name": "stable", "version": "41", "weight": 50},
		{"name": "arm", "version": "7", "weight": 50, "experiment": true},
		{"name": "previous", "version": "40", "weight": 0},
	]
	family := example.put(
		example.family({region: [null, variants] |
			some region in ["ap-south-1", "us-east-1", "eu-west-1"]
		}),
		"/family/spec/consistency/maxVersionSkew", 0,
	)
	version_skew.deny == set() with input as family
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/clusters", "/clusters/0/name", "/clusters/1/new/spec/variants",
		"/family/spec/consistency/maxVersionSkew",
	] {
		not version_skew.checked with input as example.without(_three, path)
	}
}

_strict(input_) := example.put(input_, "/family/spec/consistency/maxVersionSkew", 0)

_places(input_) := {[finding.cluster, finding.pointer] |
	some finding in version_skew.deny with input as _strict(input_)
}

test_the_rarest_version_deviates_though_it_is_older if {
	versions := {"ap-south-1": "42", "us-east-1": "42", "eu-west-1": "41"}
	_places(_serving(versions)) == {["fraud-eu-west-1", "/spec/variants/0/version"]}
}

test_the_first_cluster_and_the_first_variant_with_weight_are_meant if {
	variants := [
		{"name": "stable", "version": "41", "weight": 90},
		{"name": "previous", "version": "42", "weight": 0},
		{"name": "candidate", "version": "42", "weight": 5},
		{"name": "canary", "version": "42", "weight": 5},
	]
	family := example.family({region: [null, variants] |
		some region in ["ap-south-1", "us-east-1", "eu-west-1"]
	})
	_places(family) == {["fraud-ap-south-1", "/spec/variants/2/version"]}
}

test_the_variant_is_that_of_the_cluster_that_is_named if {
	candidate := [
		{"name": "stable", "version": "41", "weight": 90},
		{"name": "candidate", "version": "42", "weight": 10},
	]
	family := example.family({
		"ap-south-1": [null, candidate],
		"us-east-1": [null, [candidate[1], candidate[0]]],
		"eu-west-1": [null, candidate],
	})
	_places(family) == {["fraud-ap-south-1", "/spec/variants/1/version"]}
}
