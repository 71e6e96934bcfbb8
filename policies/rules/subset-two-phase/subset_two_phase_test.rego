package lockstep.rules.subset_two_phase_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.subset_two_phase

_variant(name, version, weight) := {"name": name, "version": version, "weight": weight}

_new := _variant("stable", "42", 100)

_previous := _variant("previous", "41", 0)

_arm := object.union(_variant("arm", "7", 10), {"experiment": true})

_warm(variant) := object.union(variant, {"warm": true})

_found(old, new) := {[finding.message, finding.pointer] |
	some finding in subset_two_phase.deny with input as example.change(old, new)
}

_verified(versions, old, new) := example.put(example.change(old, new), "/rollout/verified", versions)

test_the_end_of_a_rollout_has_two_phases if {
	_found(example.step(50), [_new, _warm(_previous)]) == set()
	_found([_new, _warm(_previous)], [_new]) == set()
	subset_two_phase.checked with input as example.change(example.step(50), [_new])
}

test_a_version_that_goes_at_once_is_denied if {
	_found(example.step(50), [_new]) == {[
		`version "41" had weight 50, and this change removes it together with its route`,
		"/spec/variants",
	]}
}

test_a_version_that_goes_cold_at_once_is_denied if {
	every cold in [_previous, object.union(_previous, {"warm": false})] {
		_found(example.step(50), [_new, cold]) == {[
			`version "41" had weight 50, and variant "previous" now has weight 0 without a workload`,
			"/spec/variants/1/weight",
		]}
	}
}

test_a_version_that_still_serves_in_another_role_is_kept if {
	candidate := _variant("candidate", "41", 1)
	_found([example.stable], [_variant("stable", "42", 99), candidate]) == set()
	_found([example.stable], [_new, _previous, _warm(_variant("arm", "41", 0))]) == set()
}

test_a_rollback_is_exempt if {
	_found(example.step(50), [example.stable]) == set()
	_found([_new, _warm(_previous)], [example.stable]) == set()
}

test_a_return_to_an_unverified_version_is_not_a_rollback if {
	count(_found(example.step(50), [_variant("stable", "40", 100)])) == 2
}

test_leaving_a_verified_version_is_not_a_rollback if {
	both := _verified(["41", "42"], [_new], [example.stable])
	count(subset_two_phase.deny) == 1 with input as both
	entry := {"registry": "mlflow", "model": "fraud", "version": "42"}
	subset_two_phase.deny == set() with input as example.put(both, "/quarantine", [entry])
	other := object.union(entry, {"version": "43"})
	count(subset_two_phase.deny) == 1 with input as example.put(both, "/quarantine", [other])
}

test_arms_go_in_two_phases_too if {
	before := [_variant("stable", "42", 90), _arm]
	{pointer | some [_, pointer] in _found(before, [_new])} == {"/spec/variants"}
	_found(before, [_new, _warm(object.union(_arm, {"weight": 0}))]) == set()
}

test_exemptions if {
	change := example.change(example.step(50), [_new])
	subset_two_phase.deny == set() with input as example.put(change, "/rollout/adopted", true)
	subset_two_phase.deny == set() with input as example.with_variants([_new])
}

test_weights_of_one_version_are_added if {
	before := [_variant("stable", "41", 60), _variant("candidate", "41", 30), _arm]
	{message | some [message, _] in _found(before, [_new, _warm(_arm)])} == {concat("", [
		`version "41" had weight 90, `,
		"and this change removes it together with its route",
	])}
}

test_a_malformed_past_had_no_weight if {
	hostile := example.put(example.change([], [_new]), "/old/spec/variants", "lost")
	subset_two_phase.deny == set() with input as hostile
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/old", "/new/spec/variants", "/quarantine", "/rollout/verified", "/rollout/adopted",
	] {
		not subset_two_phase.checked with input as example.without(example.cluster, path)
	}
}

test_what_is_not_a_version_is_left_to_version_pinned if {
	_found([example.stable], [_variant("stable", "v41", 100)]) == set()
}
