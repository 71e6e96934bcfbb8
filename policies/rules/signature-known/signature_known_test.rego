package lockstep.rules.signature_known_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.signature_known

_found(changed) := {[finding.message, finding.pointer] |
	some finding in signature_known.deny with input as changed
}

_put(path, value) := example.put(example.cluster, path, value)

test_a_ready_version_with_inputs_is_allowed if {
	_found(example.cluster) == set()
	signature_known.checked with input as example.cluster
}

test_a_version_that_is_not_ready_is_denied if {
	every status in ["PENDING_REGISTRATION", "FAILED_REGISTRATION", "ready", ""] {
		_found(_put("/locks/41/facts/status", status)) == {[
			sprintf(`the status of version "41" in the registry is %q, not READY`, [status]),
			"/spec/variants/0/version",
		]}
	}
}

test_a_version_without_inputs_is_denied if {
	_found(_put("/locks/41/facts/signature", null)) == {[
		`version "41" has no signature with inputs; its lock has null`,
		"/spec/variants/0/version",
	]}
	_found(_put("/locks/41/facts/signature", {"inputs": [], "outputs": []})) == {[
		`version "41" has no signature with inputs; its lock has {"inputs":[],"outputs":[]}`,
		"/spec/variants/0/version",
	]}
	count(_found(example.without(example.cluster, "/locks/41/facts/signature"))) == 1
}

test_outputs_may_be_unknown if _found(_put("/locks/41/facts/signature/outputs", [])) == set()

test_the_candidate_is_checked_before_it_has_weight if {
	proposed := example.with_variants(example.step(0))
	{pointer | some [_, pointer] in _found(example.put(proposed, "/locks/42/facts/signature", null))} == {"/spec/variants/1/version"}
}

test_what_does_not_serve_may_be_without if {
	idle := example.with_variants([example.stable, {"name": "previous", "version": "42", "weight": 0}])
	_found(example.put(idle, "/locks/42/facts/signature", null)) == set()
}

test_a_signature_is_required_only_in_production if {
	staging := _put("/environment/spec/tier", "staging")
	_found(example.put(staging, "/locks/41/facts/signature", null)) == set()
	count(_found(example.put(staging, "/locks/41/facts/status", "FAILED"))) == 1
}

test_a_version_without_lock_is_left_to_another_rule if {
	_found(example.without(example.cluster, "/locks/41")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/variants", "/locks", "/environment/spec", "/locks/41/facts/status"] {
		not signature_known.checked with input as example.without(example.cluster, path)
	}
}
