package lockstep.lib.skew_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.skew

_two := example.family({
	"ap-south-1": [null, [
		{"name": "arm", "version": "42", "weight": 5, "experiment": true},
		{"name": "previous", "version": "42", "weight": 0},
		{"name": "stable", "version": "41", "weight": 85},
		{"name": "candidate", "version": "42", "weight": 10},
	]],
	"us-east-1": [null, [example.stable]],
	"eu-west-1": [null, [example.stable]],
})

test_versions_with_weight_are_counted if {
	skew.amount == 1 with input as _two
	skew.serving["42"] == {"fraud-ap-south-1"} with input as _two
	skew.is_allowed with input as _two
	not skew.is_allowed with input as example.put(
		_two,
		"/family/spec/consistency/maxVersionSkew", 0,
	)
}

test_the_place_is_that_of_the_variant_with_weight if {
	skew.first == ["fraud-ap-south-1", ["spec", "variants", 3, "version"]] with input as _two
}

test_all_other_clusters_are_places_too if {
	others := skew.others with input as _two
	[[place.cluster, place.path[2], place.note] | some place in others] == [
		["fraud-us-east-1", 0, "serves version 41"],
		["fraud-eu-west-1", 0, "serves version 41"],
	]
}

test_the_rarest_is_the_newest_of_the_rarest if {
	skew.rarest({"9": {"a"}, "10": {"b"}, "11": {"c", "d"}}) == "10"
	skew.rarest({"9": {"a"}, "10": {"b", "c"}}) == "9"
}

test_a_change_that_allows_more_is_checked_by_what_was_allowed_before if {
	more := example.put(_two, "/family/spec/consistency/maxVersionSkew", 5)
	skew.allowed == 1 with input as more
	skew.allowed == 5 with input as example.put(more, "/family_before", null)
	skew.allowed == 5 with input as example.put(more, "/family_before", {"spec": "lost"})
	skew.allowed == 0 with input as example.put(
		_two,
		"/family/spec/consistency/maxVersionSkew", 0,
	)
}
