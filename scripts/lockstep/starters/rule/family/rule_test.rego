package lockstep.rules.PACKAGE_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.PACKAGE

# example.family is an input without any finding; put and without change it.
_family := example.family({"eu-west-1": [null, [example.stable]]})

_with(weight) := example.put(_family, "/family/spec/rollout/steps/0/weight", weight)

_found(weight) := {[finding.message, finding.pointer] |
	some finding in PACKAGE.deny with input as _with(weight)
}

test_what_is_allowed if {
	_found(25) == set()
	PACKAGE.checked with input as _family
}

test_what_is_denied if {
	_found(26) == {[
		"the first step has 26 % of the traffic, and at most 25 % are allowed",
		"/spec/rollout/steps/0/weight",
	]}
}

test_what_is_missing_is_not_checked if {
	not PACKAGE.checked with input as example.without(_family, "/family/spec/rollout/steps")
	not PACKAGE.checked with input as _with("26")
}
