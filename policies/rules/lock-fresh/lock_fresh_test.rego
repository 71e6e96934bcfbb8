package lockstep.rules.lock_fresh_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.lock_fresh

_move := example.change([example.stable], example.step(1))

_read(at) := example.put(_move, "/locks/42/facts/readAt", at)

_found(changed) := {[finding.message, finding.pointer] |
	some finding in lock_fresh.deny with input as changed
}

test_a_week_is_fresh if {
	every at in ["2026-06-01T08:00:00Z", "2026-05-25T08:00:00Z", "2026-05-25T07:00:01Z"] {
		_found(_read(at)) == set()
		lock_fresh.checked with input as _read(at)
	}
}

test_older_facts_are_denied if {
	_found(_read("2026-05-25T07:00:00Z")) == {[
		`the lock of version "42" was read at "2026-05-25T07:00:00Z", 169 hours ago; at most 168 hours are allowed`,
		"/spec/variants/1/version",
	]}
}

test_the_clocks_of_runners_may_differ_by_an_hour if {
	_found(_read("2026-06-01T09:00:00Z")) == set()
	_found(_read("2026-06-01T09:00:01Z")) == {[
		`the lock of version "42" was read at "2026-06-01T09:00:01Z", which is after the current time "2026-06-01T08:00:00Z"`,
		"/spec/variants/1/version",
	]}
}

test_a_version_that_enters_without_weight_needs_a_fresh_lock if {
	old := {"op": "add", "path": "/locks/42/facts/readAt", "value": "2026-01-01T00:00:00Z"}
	enters := json.patch(example.change([example.stable], example.step(0)), [old])
	{pointer | some [_, pointer] in _found(enters)} == {"/spec/variants/1/version"}
	stays := json.patch(example.change(example.step(1), example.step(0)), [old])
	_found(stays) == set()
}

test_what_does_not_move_may_be_old if {
	old := "2020-01-01T00:00:00Z"
	_found(example.put(_move, "/locks/41/facts/readAt", old)) == set()
	_found(example.put(example.cluster, "/locks/41/facts/readAt", old)) == set()
	newcomer := example.put(example.with_variants(example.step(1)), "/locks/42/facts/readAt", old)
	_found(newcomer) == set()
}

test_a_version_that_is_rolled_back_to_may_have_an_old_lock if {
	back := example.change([{"name": "stable", "version": "42", "weight": 100}], [example.stable])
	_found(example.put(back, "/locks/41/facts/readAt", "2020-01-01T00:00:00Z")) == set()
}

test_a_version_without_lock_is_left_to_another_rule if {
	bare := example.without(_move, "/locks/42")
	_found(bare) == set()
	lock_fresh.checked with input as bare
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/old", "/new/spec/variants", "/locks", "/rollout/verified", "/time/now",
		"/locks/42/facts/readAt",
	] {
		not lock_fresh.checked with input as example.without(_move, path)
	}
	not lock_fresh.checked with input as _move with data.thresholds.lock_fresh as {}
}
