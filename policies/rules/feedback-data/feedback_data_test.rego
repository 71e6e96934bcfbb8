package lockstep.rules.feedback_data_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.feedback_data

_variants := [
	example.stable,
	{"name": "bandit", "version": "15", "weight": 5, "experiment": true},
	{"name": "seasonal", "version": "14", "weight": 5, "experiment": true},
]

_terms := {
	"bandit": {
		"learnsFrom": "live", "expires": "2026-12-31",
		"writes": ["bandit_feedback"], "training": ["bandit-feedback"],
	},
	"seasonal": {"learnsFrom": "offline", "expires": "2026-12-31", "writes": ["seasonal_answers"]},
}

_datasets := {
	"15": [{"name": "bandit-feedback", "digest": "d9c94092", "context": "training"}],
	"14": [{"name": "clicks-seasonal", "digest": "6f15b6a4", "context": "training"}],
}

# A family whose third cluster, that of us-east-1, has an arm that learns.
_family := object.union(
	json.patch(
		example.family({region: [[example.stable], [example.stable]] |
			some region in ["ap-south-1", "us-east-1", "eu-west-1"]
		}),
		[
			{"op": "replace", "path": "/clusters/1/new/spec/variants", "value": _variants},
			{"op": "add", "path": "/clusters/1/new/spec/experiments", "value": _terms},
		],
	),
	{"locks": {version: _lock(version, datasets) | some version, datasets in _datasets}},
)

_lock(version, datasets) := example.put(example.lock(version), "/facts/datasets", datasets)

_bandit := "/clusters/1/new/spec/experiments/bandit"

_found(path, value) := _found_in(example.put(_family, path, value))

_found_in(input_) := {[finding.message, finding.pointer] |
	some finding in feedback_data.deny with input as input_
	finding.cluster == "fraud-us-east-1"
}

test_an_arm_that_keeps_to_itself_is_allowed if {
	_found_in(_family) == set()
	feedback_data.deny == set() with input as _family
	feedback_data.checked with input as _family
}

test_a_view_that_production_writes_or_reads_is_denied if {
	_found(concat("", [_bandit, "/writes"]), ["bandit_feedback", "answers"]) == {[
		concat("", [
			`arm "bandit" learns from live data and writes to "answers", which production uses `,
			`in ["fraud-ap-south-1","fraud-eu-west-1","fraud-us-east-1"]`,
		]),
		"/spec/experiments/bandit/writes/1",
	]}
	elsewhere := {"bandit_feedback": "3"}
	_found("/clusters/2/new/spec/features/views", elsewhere) == {[
		concat("", [
			`arm "bandit" learns from live data and writes to "bandit_feedback", `,
			`which production uses in ["fraud-eu-west-1"]`,
		]),
		"/spec/experiments/bandit/writes/0",
	]}
}

test_a_view_that_another_arm_writes_is_denied if {
	message := concat("", [
		`arm "bandit" learns from live data and writes to "bandit_feedback", a view also `,
		`written by ["seasonal"]`,
	])
	denial := [message, "/spec/experiments/bandit/writes/0"]
	shared := {"learnsFrom": "offline", "writes": ["bandit_feedback"]}
	_found("/clusters/1/new/spec/experiments/seasonal", shared) == {denial}
	_found("/clusters/0/new/spec/experiments", {"seasonal": shared}) == {denial}
}

test_two_arms_that_both_learn_are_reported_once if {
	shared := object.union(_terms.bandit, {"training": ["seasonal-feedback"]})
	{pointer |
		some [_, pointer] in _found("/clusters/1/new/spec/experiments/seasonal", shared)
	} == {"/spec/experiments/bandit/writes/0"}
}

test_the_same_arm_elsewhere_is_the_same_experiment if {
	elsewhere := json.patch(_family, [
		{"op": "replace", "path": "/clusters/2/new/spec/variants", "value": _variants},
		{"op": "add", "path": "/clusters/2/new/spec/experiments", "value": _terms},
	])
	feedback_data.deny == set() with input as elsewhere
}

_production(datasets) := example.put(_family, "/locks/41", _lock("41", datasets))

test_a_dataset_that_production_was_trained_on_is_denied if {
	shared := _production([{"name": "bandit-feedback", "digest": "1", "context": "training"}])
	_found_in(shared) == {[
		concat("", [
			`arm "bandit" learns from live data and from dataset "bandit-feedback", which also `,
			`trained version ["41"] in production`,
		]),
		"/spec/experiments/bandit/training/0",
	]}
}

_was_trained := {[
	concat("", [
		`version "15" of arm "bandit", which learns from live data, was trained on dataset `,
		`"bandit-feedback", which also trained version ["41"] in production`,
	]),
	"/spec/variants/1/version",
]}

test_what_the_locks_say_counts_by_digest_and_by_name if {
	renamed := _production([{"name": "clicks", "digest": "d9c94092", "context": "training"}])
	_found_in(example.put(renamed, concat("", [_bandit, "/training"]), ["other"])) == _was_trained
	grown := _production([{"name": "bandit-feedback", "digest": "1", "context": "training"}])
	_found_in(example.put(grown, concat("", [_bandit, "/training"]), ["other"])) == _was_trained
}

test_every_role_of_every_cluster_counts if {
	candidate := json.patch(_family, [
		{"op": "add", "path": "/clusters/2/new/spec/variants/-", "value": {
			"name": "candidate", "version": "42", "weight": 0,
		}},
		{"op": "add", "path": "/locks/42", "value": _lock("42", _datasets["15"])},
	])
	count(_found_in(candidate)) == 1
}

test_only_training_counts_and_what_is_not_said if {
	test := _production([{"name": "bandit-feedback", "digest": "d9c94092", "context": "test"}])
	_found_in(test) == set()
	unsaid := _production([{"name": "bandit-feedback", "digest": "d9c94092", "context": null}])
	count(_found_in(unsaid)) == 1
	nameless := [{"name": "", "digest": "", "context": "training"}]
	both := example.put(_production(nameless), "/locks/15/facts/datasets", nameless)
	_found_in(both) == set()
}

test_an_arm_may_share_with_itself_and_with_offline_arms if {
	_found("/locks/14/facts/datasets", _datasets["15"]) == set()
}

test_an_arm_that_does_not_learn_may_share if {
	shared := {"learnsFrom": "offline", "writes": ["answers"], "training": ["training-2026-05"]}
	_found(_bandit, shared) == set()
}

test_the_version_of_a_role_in_an_arm_is_for_another_rule if {
	same := example.put(_family, "/clusters/1/new/spec/variants/1/version", "41")
	with_lock := example.put(same, "/locks/41", _lock("41", _datasets["15"]))
	_found_in(with_lock) == set()
	other := example.put(with_lock, concat("", [_bandit, "/training"]), ["other"])
	_found_in(other) == set()
}

test_a_version_without_lock_is_for_another_rule if {
	_found_in(example.without(_family, "/locks/15")) == set()
}

test_a_learning_arm_names_its_data if {
	_found(_bandit, {"learnsFrom": "live"}) == {[
		`arm "bandit" learns from live data, but its terms have no ["writes","training"]`,
		"/spec/experiments/bandit/learnsFrom",
	]}
	_found(_bandit, {"learnsFrom": "live", "writes": ["bandit_feedback"]}) == {[
		`arm "bandit" learns from live data, but its terms have no ["training"]`,
		"/spec/experiments/bandit/learnsFrom",
	]}
}

test_what_is_missing_is_not_checked if {
	every path in ["/clusters", "/clusters/0/name", "/clusters/2/new/spec/variants", "/locks"] {
		not feedback_data.checked with input as example.without(_family, path)
	}
	not feedback_data.checked with input as example.put(_family, "/clusters", {})
}
