package lockstep.lib.prepared_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.moves
import data.lockstep.lib.prepared
import data.lockstep.lib.regions
import data.lockstep.lib.tenants

_environment := values if {
	values := prepared.environment with input as {"environment": example.shared.environment}
}

_with(values) := example.put(example.cluster, "/prepared", values)

test_what_is_prepared_for_an_environment_is_used if {
	_environment.tenants == {"risk", "shop"}
	_environment.jurisdictions["us-east-1"] == {"US"}
	tenants.known == {"a"} with input as _with({"tenants": {"a"}})
	regions.jurisdictions == {"a": {"EU"}} with input as _with({"jurisdictions": {"a": {"EU"}}})
}

test_an_environment_that_cannot_be_read_has_nothing_prepared if {
	{} == prepared.environment with input as {"environment": {"spec": {
		"tenants": [{"name": 1}],
		"regions": [{"name": 1}],
	}}}
}

test_what_is_prepared_for_a_family_is_used if {
	new := example.put(example.with_variants(example.step(50)), "/variants_before", [example.step(1)])
	values := prepared.family with input as new
	values.weights_before.roles == {"41": {[99, 100]}, "42": {[1, 100]}}
	most := moves.most_before("42", 100) with input as object.union(new, {"prepared": values})
	most == 1
	other := {"prepared": {"weights_before": {"roles": {"42": {[7, 100]}}}}}
	more := moves.most_before("42", 100) with input as object.union(new, other)
	more == 7
}
