package lockstep.rules.tenant_known_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.tenant_known

_family := example.family({region: [null, [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_of(tenant) := example.put(_family, "/family/metadata/tenant", tenant)

_found(view) := {[finding.message, finding.pointer] |
	some finding in tenant_known.deny with input as view
}

test_a_listed_tenant_is_allowed if {
	_found(_of("risk")) == set()
	_found(_of("shop")) == set()
	tenant_known.checked with input as _family
}

test_an_unlisted_tenant_is_denied if {
	_found(_of("ris")) == {[
		`metadata.tenant is "ris", but environment.yaml lists only ["risk","shop"]`,
		"/metadata/tenant",
	]}
}

test_without_a_list_every_tenant_is_allowed if {
	bare := example.without(_of("ris"), "/environment/spec/tenants")
	_found(bare) == set()
	tenant_known.checked with input as bare
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/family/metadata/tenant", "/environment/spec", "/environment/spec/tenants/0/name",
	] {
		not tenant_known.checked with input as example.without(_family, path)
	}
	not tenant_known.checked with input as _of(["risk"])
	every other in ["risk", null, {}, {"risk": {}}] {
		list := example.put(_family, "/environment/spec/tenants", other)
		not tenant_known.checked with input as list
	}
}
