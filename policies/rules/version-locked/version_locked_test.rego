package lockstep.rules.version_locked_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.version_locked

test_a_locked_version_is_allowed if {
	version_locked.deny == set() with input as example.cluster
	version_locked.checked with input as example.cluster
}

test_a_version_without_lock_is_denied if {
	found := version_locked.deny with input as example.without(example.cluster, "/locks/41")
	found == {{
		"message": `version "41" of variant "stable" has no lock`,
		"fix": "run lockstep lock {family} {version} and lockstep render, and commit what they write",
		"pointer": "/spec/variants/0/version",
	}}
}

test_a_version_that_is_not_a_number_is_left_to_another_rule if {
	alias := [object.union(example.stable, {"version": "latest"})]
	version_locked.deny == set() with input as example.with_variants(alias)
}

test_a_lock_of_something_else_is_denied if {
	every field in ["registry", "model", "version"] {
		path := concat("/", ["/locks/41/identity", field])
		found := version_locked.deny with input as example.put(example.cluster, path, "other")
		{finding.pointer | some finding in found} == {"/spec/variants/0/version"}
	}
}

test_a_lock_without_identity_is_denied if {
	found := version_locked.deny with input as example.put(example.cluster, "/locks/41", {})
	{finding.message | some finding in found} == {concat("", [
		`the lock of version "41" is for version null of null in null, but the family's model `,
		`is "fraud" in "mlflow"`,
	])}
}

test_what_is_missing_is_not_checked if {
	every path in ["/locks", "/new/spec/variants", "/family/spec/model/name", "/family/spec/model/registry"] {
		not version_locked.checked with input as example.without(example.cluster, path)
	}
}
