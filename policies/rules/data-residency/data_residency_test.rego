package lockstep.rules.data_residency_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.data_residency

_found(input_) := {[finding.message, finding.pointer] |
	some finding in data_residency.deny with input as input_
}

_with(path, value) := example.put(example.cluster, path, value)

_tagged(text) := _with("/locks/41/facts/tags/data.jurisdictions", text)

_outside(region, jurisdiction) := sprintf(
	`data are in region "%s" in jurisdiction "%s"; spec.residency allows only ["EU"]`,
	[region, jurisdiction],
)

test_data_inside_are_allowed if {
	_found(example.cluster) == set()
	data_residency.checked with input as example.cluster
	both := _with("/new/spec/residency", ["EU", "UK"])
	_found(example.put(both, "/new/spec/privacy/training", ["eu-west-1", "eu-west-2"])) == set()
}

test_logs_outside_are_denied if {
	_found(_with("/new/spec/privacy/logs", "us-east-1")) == {[
		_outside("us-east-1", "US"),
		"/spec/privacy/logs",
	]}
}

test_training_data_outside_are_denied if {
	_found(_with("/new/spec/privacy/training", ["eu-west-1", "eu-west-2"])) == {[
		_outside("eu-west-2", "UK"),
		"/spec/privacy/training/1",
	]}
}

test_an_unknown_region_is_denied if {
	message := `data are in region "mars-1", which the environment does not have`
	_found(_with("/new/spec/privacy/logs", "mars-1")) == {[message, "/spec/privacy/logs"]}
	_found(_with("/new/spec/privacy/training", ["mars-1"])) == {[
		message,
		"/spec/privacy/training/0",
	]}
}

test_the_tag_in_the_registry_counts if {
	_found(_tagged("EU")) == set()
	_found(_tagged("EU, US")) == {[
		concat("", [
			`the tag data.jurisdictions of version "41" names "US"; spec.residency allows only `,
			`["EU"]`,
		]),
		"/spec/variants/0/version",
	]}
	_found(example.put(_tagged(" EU , UK"), "/new/spec/residency", ["UK", "EU"])) == set()
}

test_a_tag_that_names_nothing_is_denied if {
	count(_found(_tagged(""))) == 1
	count(_found(_tagged("EU,"))) == 1
	count(_found(_tagged("eu"))) == 1
}

test_a_version_without_weight_may_come_from_elsewhere if {
	idle := example.put(_tagged("US"), "/new/spec/variants/0/weight", 0)
	_found(idle) == set()
}

test_a_version_without_lock_is_for_another_rule if {
	_found(example.without(example.cluster, "/locks/41")) == set()
}

test_production_names_both_places if {
	silent := example.without(example.cluster, "/new/spec/privacy/logs")
	_found(silent) == {[
		`the requests contain "personal" data, but spec.privacy does not give the regions of ["logs"]`,
		"/spec/privacy/data",
	]}
	bare := _with("/new/spec/privacy", {"data": "special"})
	{message | some [message, _] in _found(bare)} == {concat("", [
		`the requests contain "special" data, but spec.privacy does not give the regions of `,
		`["logs","training"]`,
	])}
	_found(example.put(silent, "/environment/spec/tier", "staging")) == set()
	_found(_with("/new/spec/privacy", {"data": "pseudonymous"})) == set()
	_found(example.without(example.cluster, "/new/spec/privacy")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/residency", "/locks", "/new/spec/variants", "/environment/spec/regions",
		"/environment/spec/regions/0/jurisdiction",
	] {
		not data_residency.checked with input as example.without(example.cluster, path)
	}
}
