package lockstep.rules.regions_covered_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.regions_covered

_family(ap, us, eu) := example.family({
	"ap-south-1": [null, ap],
	"us-east-1": [null, us],
	"eu-west-1": [null, eu],
})

_found(family) := {[finding.cluster, finding.message, finding.pointer] |
	some finding in regions_covered.deny with input as family
}

_stable(version) := {"name": "stable", "version": version, "weight": 100}

_done := [_stable("42"), {"name": "previous", "version": "41", "weight": 0, "warm": true}]

_held := [example.stable, {"name": "candidate", "version": "42", "weight": 0, "warm": true}]

test_every_form_of_a_rollout_is_allowed if {
	steady := [example.stable]
	new := [_stable("42")]
	every family in [
		_family(steady, steady, steady),
		_family(example.step(0), example.step(0), example.step(0)),
		_family(example.step(50), example.step(0), example.step(0)),
		_family(_done, example.step(10), example.step(0)),
		_family(_done, _done, example.step(10)),
		_family(_done, _done, _done),
		_family(new, new, new),
		_family(_held, _held, example.step(0)),
	] {
		_found(family) == set()
		regions_covered.checked with input as family
	}
}

test_a_cluster_without_the_candidate_is_denied if {
	family := _family(example.step(10), [example.stable], example.step(0))
	found := regions_covered.deny with input as family
	found == {{
		"message": `cluster "fraud-us-east-1" does not have version "42", the candidate of the family's rollout`,
		"fix": "add it as candidate with weight 0, as lockstep propose does in every cluster",
		"pointer": "/spec/variants",
		"cluster": "fraud-us-east-1",
		"also": [
			{
				"cluster": "fraud-ap-south-1",
				"pointer": "/spec/variants/1/version",
				"note": "has version 42 as candidate",
			},
			{
				"cluster": "fraud-eu-west-1",
				"pointer": "/spec/variants/1/version",
				"note": "has version 42 as candidate",
			},
		],
	}}
}

test_an_arm_is_not_a_candidate if {
	arm := [
		{"name": "stable", "version": "41", "weight": 90},
		{"name": "arm", "version": "42", "weight": 10, "experiment": true},
	]
	{name | some [name, _, _] in _found(_family(example.step(10), arm, example.step(0)))} == {"fraud-us-east-1"}
}

test_another_candidate_is_the_mistake_of_the_fewest if {
	other := [example.stable, {"name": "candidate", "version": "43", "weight": 0}]
	{name | some [name, _, _] in _found(_family(example.step(0), other, example.step(0)))} == {"fraud-us-east-1"}
}

test_a_stable_version_of_its_own_is_denied if {
	family := _family([example.stable], [example.stable], [_stable("42")])
	_found(family) == {[
		"fraud-eu-west-1",
		concat("", [
			`the stable version of cluster "fraud-eu-west-1" is "42", most other clusters have `,
			`"41", and no rollout of the family explains the difference`,
		]),
		"/spec/variants/0/version",
	]}
	related := [place.cluster |
		some finding in regions_covered.deny with input as family
		some place in finding.also
	]
	related == ["fraud-ap-south-1", "fraud-us-east-1"]
}

test_an_older_version_that_is_left_behind_is_denied if {
	family := _family([_stable("9")], [example.stable], [example.stable])
	{name | some [name, _, _] in _found(family)} == {"fraud-ap-south-1"}
}

test_of_two_halves_the_newer_deviates if {
	family := example.without(_family([_stable("42")], [example.stable], []), "/clusters/2")
	{name | some [name, _, _] in _found(family)} == {"fraud-ap-south-1"}
}

test_a_larger_skew_is_left_to_the_rule_for_skew if {
	family := _family([_stable("40")], [example.stable], [_stable("42")])
	_found(family) == set()
	third := [example.stable, {"name": "candidate", "version": "43", "weight": 10}]
	_found(_family([_stable("42")], third, [example.stable])) == set()
	none := _family([example.stable], [example.stable], [_stable("42")])
	_found(example.put(none, "/family/spec/consistency/maxVersionSkew", 0)) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/clusters", "/clusters/0/name", "/clusters/1/new/spec/variants",
		"/family/spec/consistency/maxVersionSkew",
	] {
		family := _family([example.stable], [example.stable], [example.stable])
		not regions_covered.checked with input as example.without(family, path)
	}
}

test_what_is_not_a_version_is_left_to_version_pinned if {
	_found(_family([example.stable], [example.stable], [_stable("v41")])) == set()
	_found(_family(example.step(0), example.step(0), [example.stable, {
		"name": "candidate",
		"version": "v42",
		"weight": 0,
	}])) == set()
}
