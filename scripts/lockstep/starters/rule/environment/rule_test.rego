package lockstep.rules.PACKAGE_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.PACKAGE

# example.environment is an input without any finding; put and without change it.
_with(budget) := example.put(example.environment, "/environment/spec/tenants/1/budget", budget)

_found(budget) := {[finding.message, finding.pointer] |
	some finding in PACKAGE.deny with input as _with(budget)
}

test_what_is_allowed if {
	_found(10000) == set()
	PACKAGE.checked with input as example.environment
}

test_what_is_denied if {
	_found(10001) == {[
		`the budget of tenant "shop" is 10001, and at most 10000 are allowed`,
		"/spec/tenants/1/budget",
	]}
}

test_what_is_missing_is_not_checked if {
	not PACKAGE.checked with input as _with("10001")
	not PACKAGE.checked with input as example.without(example.environment, "/environment/spec")
}
