package lockstep.rules.not_diverged_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.not_diverged

_steady := example.family({region: [[example.stable], [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_diverged(divergences) := json.patch(_steady, [
	{"op": "add", "path": "/rollout/diverged", "value": true},
	{"op": "add", "path": "/rollout/divergences", "value": divergences},
])

_gone := {
	"cluster": "fraud-eu-west-2", "found": "no variants",
	"recorded": "stable 41@100",
}

_changed := {
	"cluster": "fraud-us-east-1", "found": "stable 41@90, candidate 42@10",
	"recorded": "stable 41@100",
}

test_what_is_recorded_is_allowed if {
	not_diverged.deny == set() with input as _steady
	not_diverged.checked with input as _steady
}

test_a_change_without_record_is_denied_at_its_cluster if {
	found := not_diverged.deny with input as _diverged([_changed])
	found == {{
		"message": concat("", [
			`cluster "fraud-us-east-1" has "stable 41@90, candidate 42@10", but the newest `,
			`decision record has "stable 41@100"`,
		]),
		"fix": concat("", [
			"undo the change and move the family with lockstep advance or revert; or record the ",
			"change with lockstep adopt --reason",
		]),
		"pointer": "/spec/variants",
		"cluster": "fraud-us-east-1",
	}}
}

test_a_cluster_that_is_gone_is_denied_in_the_family if {
	found := not_diverged.deny with input as _diverged([_gone])
	{[finding.message, finding.pointer] | some finding in found} == {[
		`cluster "fraud-eu-west-2" was removed, but the newest decision record has it with "stable 41@100"`,
		"/spec/rollout/waves",
	]}
	every finding in found {
		not finding.cluster
	}
}

test_each_divergence_is_one_finding if {
	count(not_diverged.deny) == 2 with input as _diverged([_gone, _changed])
	not_diverged.checked with input as _diverged([_gone, _changed])
}

test_what_is_missing_is_not_checked if {
	not not_diverged.checked with input as example.without(_steady, "/rollout/diverged")
	not not_diverged.checked with input as example.without(_steady, "/clusters")
	not not_diverged.checked with input as _diverged([])
	not not_diverged.checked with input as example.put(_steady, "/rollout/diverged", true)
	every field in ["cluster", "found", "recorded"] {
		hostile := object.union(_changed, {field: null})
		not not_diverged.checked with input as _diverged([hostile])
	}
}
