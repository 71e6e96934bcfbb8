package lockstep.rules.owner_of_tenant_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.owner_of_tenant

_thresholds := {"domains": ["example.com", "ML.example.com"]}

_family := example.family({region: [null, [example.stable]] |
	some region in ["ap-south-1", "us-east-1", "eu-west-1"]
})

_owned(owner) := example.put(_family, "/family/metadata/owner", owner)

_found(owner) := {[finding.message, finding.pointer] |
	some finding in owner_of_tenant.deny with input as _owned(owner)
		with data.thresholds.organisation as _thresholds
}

test_an_address_in_a_listed_domain_is_allowed if {
	every owner in ["risk-ml@example.com", "risk-ml@Example.COM", "risk@ml.example.com"] {
		_found(owner) == set()
	}
	owner_of_tenant.checked with input as _family
		with data.thresholds.organisation as _thresholds
}

test_an_address_elsewhere_is_denied if {
	_found("anna@mail.example") == {[
		concat("", [
			`metadata.owner is "anna@mail.example", which is not in one of the mail domains `,
			`["example.com","ML.example.com"]`,
		]),
		"/metadata/owner",
	]}
}

test_what_only_looks_like_the_domain_is_denied if {
	every owner in [
		"anna@example.com.evil.example", "anna@notexample.com", "anna@eu.example.com",
		"anna@example.com@evil.example", "anna", "",
	] {
		count(_found(owner)) == 1
	}
}

test_what_is_missing_is_not_checked if {
	every view in [example.without(_family, "/family/metadata/owner"), _owned(1), _owned(["a@b"])] {
		not owner_of_tenant.checked with input as view
			with data.thresholds.organisation as _thresholds
	}
}

test_without_domains_it_is_not_checked if {
	not owner_of_tenant.checked with input as _family with data.thresholds as {}
	every domains in [[], [1], null] {
		not owner_of_tenant.checked with input as _family
			with data.thresholds.organisation as {"domains": domains}
	}
}
