package lockstep.rules.no_secret_in_family_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.no_secret_in_family

_token := concat("", ["ghp_", "aZ3dF6hK9mN2pQ5sT8vX1yB4cE7gJ0lR6uW9"])

test_a_document_without_secrets_is_allowed if {
	no_secret_in_family.deny == set() with input as example.cluster
	no_secret_in_family.checked with input as example.cluster
}

test_a_secret_is_denied_and_not_shown if {
	leak := example.put(example.cluster, "/family/spec/gates/0/dataset", _token)
	found := no_secret_in_family.deny with input as leak
	{[finding.message, finding.pointer] | some finding in found} == {[
		`the text at "spec.gates.0.dataset" looks like "a GitHub token"`,
		"/spec/gates/0/dataset",
	]}
	not contains(json.marshal(found), _token)
}

test_what_is_missing_is_not_checked if {
	not no_secret_in_family.checked with input as example.without(example.cluster, "/family")
	not no_secret_in_family.checked with input as example.cluster with data.thresholds as {}
}
