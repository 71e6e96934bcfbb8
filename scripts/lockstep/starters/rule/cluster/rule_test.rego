package lockstep.rules.PACKAGE_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.PACKAGE

# example.cluster is an input without any finding; put and without change it.
_with(attempts) := example.put(
	example.cluster, "/new/spec/traffic",
	{"retries": {"attempts": attempts}},
)

_found(attempts) := {[finding.message, finding.pointer] |
	some finding in PACKAGE.deny with input as _with(attempts)
}

test_what_is_allowed if {
	_found(3) == set()
	PACKAGE.checked with input as example.cluster
}

test_what_is_denied if {
	_found(4) == {[
		"a failed request is retried 4 times, and at most 3 are allowed",
		"/spec/traffic/retries/attempts",
	]}
}

test_what_is_missing_is_not_checked if {
	not PACKAGE.checked with input as example.without(example.cluster, "/new")
}
