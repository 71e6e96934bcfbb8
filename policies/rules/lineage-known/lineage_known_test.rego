package lockstep.rules.lineage_known_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.lineage_known

_found(changed) := {[finding.message, finding.pointer] |
	some finding in lineage_known.deny with input as changed
}

_put(path, value) := example.put(example.cluster, path, value)

test_a_version_with_data_and_run_is_allowed if {
	_found(example.cluster) == set()
	lineage_known.checked with input as example.cluster
}

test_a_version_without_training_data_is_denied if {
	_found(_put("/locks/41/facts/datasets", [])) == {[
		`the lock of version "41" has no training dataset with name and digest, only []`,
		"/spec/variants/0/version",
	]}
	every dataset in [
		{"context": "evaluation", "name": "a", "digest": "b"},
		{"context": null, "name": "a", "digest": "b"},
		{"context": "training", "name": "", "digest": "b"},
		{"context": "training", "name": "a", "digest": ""},
	] {
		count(_found(_put("/locks/41/facts/datasets", [dataset]))) == 1
	}
}

test_one_training_dataset_among_others_is_enough if {
	_found(_put("/locks/41/facts/datasets/0", {"context": "evaluation", "name": "a", "digest": "b"})) == set()
}

test_a_version_without_run_is_denied if {
	every run in [null, ""] {
		_found(_put("/locks/41/identity/run", run)) == {[
			`version "41" has neither a run nor a version that it was copied from; its source is "models:/m-1"`,
			"/spec/variants/0/version",
		]}
	}
}

test_a_lock_that_is_silent_says_nothing if {
	count(_found(example.without(example.cluster, "/locks/41/identity/run"))) == 1
}

test_a_copy_needs_no_run if {
	copied := example.put(_put("/locks/41/identity/run", null), "/locks/41/facts/lineage/copiedFrom", "models:/fraud/3")
	_found(copied) == set()
	empty := example.put(_put("/locks/41/identity/run", null), "/locks/41/facts/lineage/copiedFrom", "")
	count(_found(empty)) == 1
}

test_the_candidate_needs_an_origin_before_it_has_weight if {
	proposed := example.with_variants(example.step(0))
	{pointer | some [_, pointer] in _found(example.put(proposed, "/locks/42/facts/datasets", []))} == {"/spec/variants/1/version"}
}

test_what_does_not_serve_may_be_without if {
	idle := [example.stable, {"name": "previous", "version": "42", "weight": 0, "warm": true}]
	_found(example.put(example.with_variants(idle), "/locks/42/facts/datasets", [])) == set()
}

test_lineage_is_required_only_in_production if {
	staging := example.put(_put("/locks/41/identity/run", null), "/environment/spec/tier", "staging")
	_found(example.put(staging, "/locks/41/facts/datasets", [])) == set()
}

test_a_version_without_lock_is_left_to_another_rule if {
	_found(example.without(example.cluster, "/locks/41")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/variants", "/locks", "/environment/spec", "/locks/41/facts/datasets",
		"/locks/41/identity",
	] {
		not lineage_known.checked with input as example.without(example.cluster, path)
	}
}
