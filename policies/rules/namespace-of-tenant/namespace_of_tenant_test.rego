package lockstep.rules.namespace_of_tenant_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.namespace_of_tenant

_found(view) := {[finding.message, object.get(finding, "cluster", ""), finding.pointer] |
	some finding in namespace_of_tenant.deny with input as view
}

_moved(namespace) := example.put(example.environment, "/clusters/0/spec/namespace", namespace)

_has(i, namespaces) := example.put(
	example.environment, sprintf("/environment/spec/tenants/%d/namespaces", [i]),
	namespaces,
)

test_each_in_its_own_is_allowed if {
	_found(example.environment) == set()
	_found(_has(0, ["other", "fraud"])) == set()
	namespace_of_tenant.checked with input as example.environment
}

test_a_namespace_of_another_tenant_or_of_no_tenant_is_denied if {
	every namespace in ["ranking", "kube-system"] {
		_found(_moved(namespace)) == {[
			sprintf(`spec.namespace is %q, but tenant "risk" has only the namespaces ["fraud"]`, [namespace]),
			"fraud-eu-west-1", "/spec/namespace",
		]}
	}
}

test_a_namespace_that_two_tenants_claim_is_denied_at_the_later_one if {
	_found(_has(1, ["ranking", "fraud"])) == {[
		`namespace "fraud" is listed by the tenants ["risk","shop"]`,
		"", "/spec/tenants/1/namespaces/1",
	]}
}

test_a_third_claim_is_denied_too if {
	third := example.put(
		_has(1, ["ranking", "fraud"]), "/environment/spec/tenants/-",
		example.tenant("search", "fraud"),
	)
	{found[2] | some found in _found(third)} == {
		"/spec/tenants/1/namespaces/1", "/spec/tenants/2/namespaces/0",
	}
}

test_the_first_tenant_that_lists_it_is_not_reported if {
	others := example.put(
		example.environment, "/environment/spec/tenants/-",
		example.tenant("search", "ranking"),
	)
	_found(others) == {[
		`namespace "ranking" is listed by the tenants ["search","shop"]`,
		"", "/spec/tenants/2/namespaces/0",
	]}
}

test_a_tenant_that_is_listed_twice_is_for_tenant_quota_to_report if {
	twice := example.put(
		example.environment, "/environment/spec/tenants/-",
		example.tenant("risk", "fraud"),
	)
	_found(twice) == set()
}

test_unknown_tenants_are_for_tenant_known_to_report if {
	_found(example.put(example.environment, "/clusters/0/tenant", "nobody")) == set()
	bare := example.without(example.environment, "/environment/spec/tenants")
	_found(bare) == set()
	namespace_of_tenant.checked with input as bare
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/clusters", "/environment/spec", "/environment/spec/tenants/0/name",
		"/environment/spec/tenants/1/namespaces", "/clusters/0/name", "/clusters/1/tenant",
		"/clusters/1/spec/namespace",
	] {
		not namespace_of_tenant.checked with input as example.without(example.environment, path)
	}
	not namespace_of_tenant.checked with input as _has(0, "fraud")
	not namespace_of_tenant.checked with input as _moved(["fraud"])
	not namespace_of_tenant.checked with input as example.put(
		example.environment,
		"/environment/spec/tenants", {},
	)
}
