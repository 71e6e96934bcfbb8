package lockstep.rules.version_not_archived_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.version_not_archived

_with(archived) := example.put(example.cluster, "/locks/41/facts/archived", archived)

test_a_version_in_use_is_allowed if {
	version_not_archived.deny == set() with input as example.cluster
	version_not_archived.checked with input as example.cluster
}

test_an_archived_version_is_denied if {
	found := version_not_archived.deny with input as _with(true)
	{[finding.message, finding.pointer] | some finding in found} == {[
		`version "41" of variant "stable" is archived in the registry`,
		"/spec/variants/0/version",
	]}
}

test_a_lock_that_does_not_say_is_not_checked if {
	not version_not_archived.checked with input as _with("no")
	not version_not_archived.checked with input as example.put(example.cluster, "/locks/41", {})
}

test_a_version_without_lock_is_left_to_another_rule if {
	version_not_archived.checked with input as example.without(example.cluster, "/locks/41")
}

test_what_is_missing_is_not_checked if {
	every path in ["/locks", "/new/spec/variants"] {
		not version_not_archived.checked with input as example.without(example.cluster, path)
	}
}
