package lockstep.rules.residency_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.residency

_spec(changes) := example.put(
	example.cluster, "/new/spec",
	object.union(example.cluster.new.spec, changes),
)

_found(changes) := {[finding.message, finding.pointer] |
	some finding in residency.deny with input as _spec(changes)
}

test_a_region_inside_is_allowed if {
	_found({}) == set()
	_found({"region": "eu-west-2", "residency": ["UK", "EU"]}) == set()
	_found({"region": "us-east-1", "residency": ["US", "IN"]}) == set()
	residency.checked with input as example.cluster
}

test_a_region_outside_is_denied if {
	_found({"region": "us-east-1"}) == {[
		`region "us-east-1" is in jurisdiction "US"; spec.residency allows only ["EU"]`,
		"/spec/region",
	]}
}

test_an_unknown_region_is_denied if {
	_found({"region": "mars-1"}) == {[`the environment has no region "mars-1"`, "/spec/region"]}
}

test_a_residency_wider_than_the_bound_is_denied if {
	_found({"residency": ["EU", "US"]}) == {[
		concat("", [
			`spec.residency allows "US", but requests that arrive in "EU" may be processed only `,
			`in ["EU"]`,
		]),
		"/spec/residency/1",
	]}
}

test_a_region_declared_twice_must_be_inside_both_times if {
	twice := example.put(
		_spec({}), "/environment/spec/regions/-",
		{"name": "eu-west-1", "jurisdiction": "US"},
	)
	count(residency.deny) == 1 with input as twice
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/region", "/new/spec/residency", "/environment/spec/regions",
		"/environment/spec/regions/0/name", "/environment/spec/regions/1/jurisdiction",
	] {
		not residency.checked with input as example.without(example.cluster, path)
	}
}

test_without_thresholds_it_is_not_checked if {
	not residency.checked with input as example.cluster with data.thresholds as {}
}
