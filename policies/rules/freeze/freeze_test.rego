package lockstep.rules.freeze_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.freeze

_short := {
	"name": "sale", "reason": "the busiest week",
	"until": "2026-06-02T00:00:00Z",
}

_long := {
	"name": "year-end", "reason": "the office is closed",
	"until": "2027-01-04T00:00:00Z",
}

_frozen(input_) := example.put(input_, "/freezes", [_long, _short])

_found(old, new) := {[finding.message, finding.pointer] |
	some finding in freeze.deny with input as _frozen(example.change(old, new))
}

test_a_step_forward_is_denied if {
	_found(example.step(1), example.step(10)) == {[
		concat("", [
			`version "42" goes from weight 1 to 10 during the freeze "year-end" ("the office is `,
			`closed"), which ends at "2027-01-04T00:00:00Z"`,
		]),
		"/spec/variants/1/weight",
	]}
}

test_without_a_freeze_all_may_move if {
	change := example.change(example.step(1), example.step(10))
	freeze.deny == set() with input as change
	freeze.checked with input as change
}

test_a_new_version_is_denied if {
	arm := {"name": "arm", "version": "7", "weight": 10, "experiment": true}
	rest := object.union(example.stable, {"weight": 90})
	{pointer | some [_, pointer] in _found([example.stable], [rest, arm])} == {"/spec/variants/1/weight"}
}

test_what_does_not_move_forward_is_exempt if {
	_found(example.step(10), example.step(10)) == set()
	_found(example.step(10), example.step(1)) == set()
	_found([example.stable], example.step(0)) == set()
}

test_a_rollback_is_exempt if {
	_found([{"name": "stable", "version": "42", "weight": 100}], [example.stable]) == set()
}

test_a_new_cluster_is_exempt if {
	freeze.deny == set() with input as _frozen(example.with_variants(example.step(10)))
}

test_an_adopted_move_is_not_exempt if {
	moved := example.put(example.change(example.step(1), example.step(10)), "/rollout/adopted", true)
	count(freeze.deny) == 1 with input as _frozen(moved)
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/old", "/new/spec/variants", "/rollout/verified", "/freezes", "/freezes/0/name",
		"/freezes/1/reason", "/freezes/1/until",
	] {
		not freeze.checked with input as example.without(_frozen(example.cluster), path)
	}
}
