package lockstep.rules.identity_not_shared_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.identity_not_shared

_principal := "/clusters/1/spec/access/identity/principal"

_found(input_) := {finding | some finding in identity_not_shared.deny with input as input_}

_first := example.environment.clusters[0].spec.access.identity.principal

test_an_identity_for_each_is_allowed if {
	_found(example.environment) == set()
	identity_not_shared.checked with input as example.environment
}

test_a_shared_identity_is_denied_at_the_first if {
	_found(example.put(example.environment, _principal, _first)) == {{
		"message": concat("", [
			`principal "arn:aws:iam::123456789012:role/fraud-eu-west-1" is the identity of 2 `,
			`clusters: ["fraud-eu-west-1","ranking-eu-west-1"]`,
		]),
		"fix": "give each cluster a principal of its own",
		"pointer": "/spec/access/identity/principal",
		"cluster": "fraud-eu-west-1",
		"also": [{
			"cluster": "ranking-eu-west-1",
			"pointer": "/spec/access/identity/principal",
			"note": "involved",
		}],
	}}
}

_twin := object.union(example.environment, {
	"environment": {"metadata": {"name": "staging"}},
	"elsewhere": [{"environment": "prod", "name": "fraud-eu-west-1", "principal": upper(_first)}],
})

test_an_identity_of_another_environment_is_denied_in_the_later_one if {
	{[finding.message, finding.cluster] | some finding in _found(_twin)} == {[
		concat("", [
			`principal "arn:aws:iam::123456789012:role/fraud-eu-west-1" of cluster `,
			`"fraud-eu-west-1" is also the identity of ["prod/fraud-eu-west-1"]`,
		]),
		"fraud-eu-west-1",
	]}
	_found(example.put(_twin, "/environment/metadata/name", "dev")) == set()
	identity_not_shared.checked with input as _twin
	not identity_not_shared.checked with input as example.without(_twin, "/elsewhere/0/principal")
	not identity_not_shared.checked with input as example.without(_twin, "/elsewhere")
}

test_case_makes_no_other_identity if {
	count(_found(example.put(example.environment, _principal, upper(_first)))) == 1
}

test_clusters_without_identity_share_none if {
	bare := json.remove(example.environment, ["/clusters/0/spec/access", "/clusters/1/spec/access"])
	_found(bare) == set()
	identity_not_shared.checked with input as bare
}

test_what_is_missing_is_not_checked if {
	every path in ["/clusters", "/clusters/0/name", "/clusters/1/spec"] {
		not identity_not_shared.checked with input as example.without(example.environment, path)
	}
	not identity_not_shared.checked with input as example.put(example.environment, "/clusters", {})
}
