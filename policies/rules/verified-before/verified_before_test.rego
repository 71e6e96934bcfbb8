package lockstep.rules.verified_before_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.verified_before

_known := {"environment": "staging", "verified": []}

_change(after, predecessor) := example.put(
	example.put(
		example.family({region: [[example.stable], after] | some region in ["us-east-1", "eu-west-1", "ap-south-1"]}),
		"/variants_before", [[example.stable], [example.stable], [example.stable]],
	),
	"/predecessor", predecessor,
)

_proposed := _change(example.step(0), _known)

test_content_that_was_not_verified_is_found_once if {
	found := verified_before.deny with input as _proposed
	found == {{
		"message": concat("", [
			`version "42" is new here, and its content has not been verified in "staging", `,
			"or was rolled back there since",
		]),
		"fix": concat("", [
			"let it be verified there, then carry it here with lockstep promote {family}; ",
			"for a repair that cannot wait, add a waiver",
		]),
		"pointer": "/spec/variants/1/version",
		"cluster": "fraud-ap-south-1",
		"also": [
			{"cluster": "fraud-eu-west-1", "pointer": "/spec/variants/1/version", "note": "version 42"},
			{"cluster": "fraud-us-east-1", "pointer": "/spec/variants/1/version", "note": "version 42"},
		],
	}}
	verified_before.checked with input as _proposed
}

test_verified_content_is_allowed_whatever_its_number if {
	verified := {"environment": "staging", "verified": ["sha256:0", example.digest]}
	verified_before.deny == set() with input as _change(example.step(0), verified)
}

test_without_such_a_family_before_there_is_nothing_to_compare_with if {
	first := _change(example.step(0), null)
	verified_before.deny == set() with input as first
	verified_before.checked with input as first
}

test_a_new_family_and_an_adopted_state_are_exempt if {
	verified_before.deny == set() with input as example.put(_proposed, "/variants_before", [])
	verified_before.deny == set() with input as example.put(_proposed, "/rollout/adopted", true)
}

test_a_version_that_was_verified_here_is_exempt if {
	again := example.put(_proposed, "/rollout/verified", ["41", "42"])
	verified_before.deny == set() with input as again
}

test_a_step_of_what_was_proposed_is_exempt if {
	stepped := example.put(_change(example.step(10), _known), "/variants_before/0", example.step(0))
	verified_before.deny == set() with input as stepped
}

_arm := {"name": "arm", "version": "42", "weight": 0, "experiment": true}

test_an_arm_is_exempt_and_does_not_exempt_a_candidate if {
	verified_before.deny == set() with input as _change([example.stable, _arm], _known)
	tried := example.put(_proposed, "/variants_before/0", [example.stable, _arm])
	count(verified_before.deny) == 1 with input as tried
}

test_a_version_without_lock_is_left_to_version_locked if {
	verified_before.deny == set() with input as example.without(_proposed, "/locks/42")
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/predecessor", "/predecessor/environment", "/predecessor/verified", "/rollout/verified",
		"/rollout/adopted", "/locks", "/variants_before", "/clusters/0/name",
		"/clusters/1/new/spec/variants",
	] {
		not verified_before.checked with input as example.without(_proposed, path)
	}
}
