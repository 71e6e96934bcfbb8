package lockstep.rules.skew_duration_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.skew_duration

_serving(versions) := example.put(
	example.family({region: [null, [variant]] |
		some region, version in versions
		variant := object.union(example.stable, {"version": version})
	}),
	"/rollout/skewBreached", true,
)

_two := _serving({"ap-south-1": "42", "us-east-1": "41", "eu-west-1": "41"})

test_a_skew_for_too_long_is_found_at_every_cluster if {
	found := skew_duration.deny with input as _two
	found == {{
		"message": concat("", [
			`for longer than spec.consistency.maxSkewDuration ("24h") the clusters have served 2 versions: `,
			`{"41":["fraud-eu-west-1","fraud-us-east-1"],"42":["fraud-ap-south-1"]}`,
		]),
		"fix": "finish the rollout with lockstep advance, or roll it back with lockstep revert",
		"pointer": "/spec/variants/0/version",
		"cluster": "fraud-ap-south-1",
		"also": [
			{
				"cluster": "fraud-us-east-1",
				"pointer": "/spec/variants/0/version",
				"note": "serves version 41",
			},
			{
				"cluster": "fraud-eu-west-1",
				"pointer": "/spec/variants/0/version",
				"note": "serves version 41",
			},
		],
	}}
	skew_duration.checked with input as _two
}

test_a_skew_within_its_time_is_allowed if {
	within := example.put(_two, "/rollout/skewBreached", false)
	skew_duration.deny == set() with input as within
	skew_duration.checked with input as within
}

test_a_change_that_ends_the_skew_is_allowed if {
	ended := _serving({"ap-south-1": "41", "us-east-1": "41", "eu-west-1": "41"})
	skew_duration.deny == set() with input as ended
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/rollout/skewBreached", "/family/spec/consistency/maxSkewDuration", "/clusters",
		"/clusters/0/name", "/clusters/1/new/spec/variants",
	] {
		not skew_duration.checked with input as example.without(_two, path)
	}
}
