package lockstep.rules.no_secret_in_environment_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.no_secret_in_environment

_token := concat("", ["ghp_", "aZ3dF6hK9mN2pQ5sT8vX1yB4cE7gJ0lR6uW9"])

test_a_document_without_secrets_is_allowed if {
	no_secret_in_environment.deny == set() with input as example.environment
	no_secret_in_environment.checked with input as example.environment
}

test_a_secret_is_denied_and_not_shown if {
	leak := example.put(example.environment, "/environment/spec/tenants/0/owner", _token)
	found := no_secret_in_environment.deny with input as leak
	{[finding.message, finding.pointer] | some finding in found} == {[
		`the text at "spec.tenants.0.owner" looks like "a GitHub token"`,
		"/spec/tenants/0/owner",
	]}
	not contains(json.marshal(found), _token)
}

test_what_is_missing_is_not_checked if {
	not no_secret_in_environment.checked with input as example.without(example.environment, "/environment")
	not no_secret_in_environment.checked with input as example.environment with data.thresholds as {}
}
