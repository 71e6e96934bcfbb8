package lockstep.rules.experiment_terms_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.experiment_terms

_ceiling := {"experiment_terms": {"liveCeiling": 10, "together": 50}}

_arm(weight) := {"name": "bandit", "version": "42", "weight": weight, "experiment": true}

# A cluster whose arm has that weight, with these experiments.
_cluster(weight, experiments) := example.put(
	example.with_variants([
		{"name": "stable", "version": "41", "weight": 100 - weight},
		_arm(weight),
	]),
	"/new/spec/experiments", experiments,
)

_live(changes) := {"bandit": object.union(
	{"learnsFrom": "live", "ceiling": 10, "expires": "2026-06-01"},
	changes,
)}

_found(input_) := {[finding.message, finding.pointer] |
	some finding in experiment_terms.deny with input as input_ with data.thresholds as _ceiling
}

test_terms_at_every_bound_are_allowed if {
	_found(_cluster(10, _live({}))) == set()
	_found(_cluster(50, {"bandit": {"learnsFrom": "offline", "expires": "2026-06-02"}})) == set()
	_found(_cluster(50, _live({"learnsFrom": "offline", "ceiling": 50}))) == set()
	_found(example.cluster) == set()
	every one in [example.cluster, _cluster(10, _live({}))] {
		experiment_terms.checked with input as one with data.thresholds as _ceiling
	}
}

test_in_production_each_arm_needs_terms if {
	bare := example.without(_cluster(10, {}), "/new/spec/experiments")
	_found(bare) == {[
		`arm "bandit" has no terms; spec.experiments has terms only for []`,
		"/spec/variants/1/name",
	]}
	_found(example.put(bare, "/environment/spec/tier", "development")) == set()
}

test_terms_without_an_arm_are_left_to_the_structure_check if {
	others := {
		"stable": {"learnsFrom": "live", "ceiling": 100, "expires": "2020-01-01"},
		"candidate": {"learnsFrom": "live", "expires": "2026-06-01"},
	}
	_found(_cluster(10, object.union(_live({}), others))) == set()
}

test_the_day_after_the_last_is_too_late if {
	_found(_cluster(10, _live({"expires": "2026-05-31"}))) == {[
		`the experiment of arm "bandit" ended on "2026-05-31"; today is "2026-06-01"`,
		"/spec/experiments/bandit/expires",
	]}
}

test_weight_above_the_ceiling_is_denied if {
	_found(_cluster(11, _live({}))) == {[
		`arm "bandit" has weight 11; its ceiling is 10`,
		"/spec/variants/1/weight",
	]}
	offline := _live({"learnsFrom": "offline", "ceiling": 20})
	count(_found(_cluster(21, offline))) == 1
}

test_a_role_has_no_ceiling if {
	role := example.put(_cluster(11, {}), "/new/spec/variants/1/name", "candidate")
	_found(role) == set()
	terms := {"candidate": {"learnsFrom": "offline", "ceiling": 1, "expires": "2026-06-01"}}
	_found(example.put(role, "/new/spec/experiments", terms)) == set()
}

test_learning_live_needs_a_ceiling if {
	_found(_cluster(10, {"bandit": {"learnsFrom": "live", "expires": "2026-06-01"}})) == {[
		`arm "bandit" learns from live data, but its terms have no ceiling`,
		"/spec/experiments/bandit/learnsFrom",
	]}
}

test_the_ceiling_of_live_learning_is_bounded if {
	_found(_cluster(10, _live({"ceiling": 11}))) == {[
		concat("", [
			`arm "bandit" learns from live data with a ceiling of 11; the highest allowed is 10`,
		]),
		"/spec/experiments/bandit/ceiling",
	]}
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/variants", "/time/today", "/environment/spec"] {
		not experiment_terms.checked with input as example.without(example.cluster, path)
			with data.thresholds as _ceiling
	}
	not experiment_terms.checked with input as example.cluster with data.thresholds as {}
	listed := _cluster(10, [])
	not experiment_terms.checked with input as listed with data.thresholds as _ceiling
}

test_arms_get_no_more_together_than_is_allowed if {
	offline := {"bandit": {"learnsFrom": "offline", "expires": "2026-06-02"}}
	_found(_cluster(51, offline)) == {[
		`arms ["bandit"] have a total weight of 51; experiments may have at most 50`,
		"/spec/variants/1/weight",
	]}
	count(_found(_cluster(51, {"bandit": object.union(offline.bandit, {"ceiling": 50})}))) == 1
	other := object.union(_arm(31), {"name": "other"})
	shared := example.put(
		example.with_variants([example.stable, _arm(20), other]),
		"/new/spec/experiments",
		{"bandit": offline.bandit, "other": offline.bandit},
	)
	_found(shared) == {[
		`arms ["bandit","other"] have a total weight of 51; experiments may have at most 50`,
		"/spec/variants/2/weight",
	]}
	_found(example.put(shared, "/environment/spec/tier", "staging")) == set()
}
