package lockstep.rules.feedback_contained_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.feedback_contained

_arm := {"name": "bandit", "version": "42", "weight": 5, "experiment": true}

_set := {"name": "clicks", "digest": "aa", "context": "training"}

# Two families, of which the second has an arm with these terms.
_learns(terms) := json.patch(example.environment, [
	{"op": "add", "path": "/clusters/1/spec/variants/1", "value": _arm},
	{"op": "add", "path": "/clusters/1/spec/experiments", "value": {"bandit": terms}},
	{"op": "add", "path": "/families/1/datasets", "value": {"42": [_set]}},
])

_live(writes) := {"learnsFrom": "live", "writes": writes, "training": ["clicks"]}

_found(changed) := {[finding.cluster, finding.message, finding.pointer] |
	some finding in feedback_contained.deny with input as changed
}

test_feedback_of_its_own_is_allowed if {
	_found(_learns(_live(["clicks"]))) == set()
	_found(_learns({"learnsFrom": "offline", "writes": ["cards"]})) == set()
	feedback_contained.checked with input as _learns(_live(["clicks"]))
	feedback_contained.checked with input as example.environment
}

test_views_that_another_family_reads_or_writes_are_denied if {
	every view in ["cards", "answers"] {
		_found(_learns(_live(["clicks", view]))) == {[
			"ranking-eu-west-1",
			sprintf(
				concat("", [
					`arm "bandit" of "ranking-eu-west-1" learns from live data and writes to %q, `,
					`which other families use in ["fraud-eu-west-1"]`,
				]),
				[view],
			),
			"/spec/experiments/bandit/writes/1",
		]}
	}
}

test_another_store_is_another_view if {
	apart := example.put(_learns(_live(["cards"])), "/clusters/0/spec/features/store", "tecton")
	_found(apart) == set()
}

test_the_family_itself_is_for_feedback_data if {
	alone := example.without(_learns(_live(["cards"])), "/clusters/0")
	_found(alone) == set()
}

test_a_dataset_that_another_family_learned_from_is_denied if {
	shared := example.put(_learns(_live(["clicks"])), "/families/0/datasets", {"41": [_set]})
	_found(shared) == {[
		"ranking-eu-west-1",
		concat("", [
			`version "42" of arm "bandit", which learns from live data, was trained on dataset `,
			`"clicks", which also trained versions of ["fraud"]`,
		]),
		"/spec/variants/1/version",
	]}
	count(_found(example.put(shared, "/families/0/datasets/41/0/context", null))) == 1
	every path, value in {"digest": "bb", "name": "other", "context": "evaluation"} {
		other := example.put(shared, concat("", ["/families/0/datasets/41/0/", path]), value)
		_found(other) == set()
	}
	arm := example.put(shared, "/clusters/0/spec/variants", [object.union(_arm, {"version": "41"})])
	_found(arm) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/families/0/name", "/families/0/datasets", "/clusters/0/name", "/clusters/0/family",
		"/clusters/0/spec/variants",
	] {
		not feedback_contained.checked with input as example.without(example.environment, path)
	}
}
