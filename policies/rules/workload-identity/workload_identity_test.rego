package lockstep.rules.workload_identity_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.workload_identity

_found(provider, principal) := {[finding.message, finding.pointer] |
	some finding in workload_identity.deny with input as example.put(
		example.cluster, "/new/spec/access/identity",
		{"provider": provider, "principal": principal},
	)
}

_uuid := "0b2f1c1e-9d3f-4a44-8a0e-3d1f6c2b7a90"

test_principals_of_their_clouds_are_allowed if {
	_found("aws", "arn:aws:iam::123456789012:role/fraud-eu") == set()
	_found("aws", "arn:aws-us-gov:iam::123456789012:role/ml/fraud") == set()
	_found("gcp", "fraud-eu@ml-prod-1.iam.gserviceaccount.com") == set()
	_found("gcp", "fraud@ml.example.com.iam.gserviceaccount.com") == set()
	_found("azure", _uuid) == set()
	workload_identity.checked with input as example.cluster
}

test_a_principal_of_another_cloud_is_denied if {
	_found("gcp", "arn:aws:iam::123456789012:role/fraud") == {[
		`principal "arn:aws:iam::123456789012:role/fraud" is not a principal of provider "gcp"`,
		"/spec/access/identity/principal",
	]}
}

test_what_is_not_a_principal_is_denied if {
	every pair in [
		["aws", "arn:aws:iam::123456789012:user/fraud"],
		["aws", "arn:aws:iam::12345:role/fraud"],
		["aws", "arn:aws:iam::123456789012:role/"],
		["aws", "fraud@ml-prod-1.iam.gserviceaccount.com"],
		["gcp", "someone@example.com"],
		["gcp", "fraud@ml-prod-1xiam.gserviceaccount.com"],
		["azure", "0b2f1c1e9d3f4a448a0e3d1f6c2b7a90"],
		["azure", concat("", [_uuid, "0"])],
	] {
		count(_found(pair[0], pair[1])) == 1
	}
}

test_production_needs_an_identity if {
	every path in ["/new/spec/access/identity", "/new/spec/access"] {
		bare := example.without(example.cluster, path)
		found := workload_identity.deny with input as bare
		{[finding.message, finding.pointer] | some finding in found} == {[
			`cluster "fraud-eu-west-1" is in production and has no spec.access.identity`,
			"/spec/access/identity",
		]}
		staging := example.put(bare, "/environment/spec/tier", "staging")
		workload_identity.deny == set() with input as staging
	}
}

test_what_is_missing_is_not_checked if {
	every path in ["/name", "/new/spec", "/environment/spec"] {
		not workload_identity.checked with input as example.without(example.cluster, path)
	}
}
