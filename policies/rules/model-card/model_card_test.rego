package lockstep.rules.model_card_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.model_card

_found(input_) := {[finding.message, finding.pointer] |
	some finding in model_card.deny with input as input_
}

_deciding := example.put(example.cluster, "/new/spec/privacy/automatedDecision", true)

_tagged(text) := example.put(_deciding, "/locks/41/facts/tags/model_card.digest", text)

test_a_digest_is_allowed if {
	_found(_tagged(example.digest)) == set()
	model_card.checked with input as _tagged(example.digest)
}

test_no_card_is_denied_for_each_reason if {
	_found(_deciding) == {[
		`version "41" has no tag model_card.digest, which is required for ["automated decisions"]`,
		"/spec/variants/0/version",
	]}
	special := example.put(example.cluster, "/new/spec/privacy/data", "special")
	_found(special) == {[
		`version "41" has no tag model_card.digest, which is required for ["special data"]`,
		"/spec/variants/0/version",
	]}
	regulated := example.put(
		example.cluster, "/new/spec/segment",
		{"name": "consumer", "regulated": true},
	)
	_found(regulated) == {[
		`version "41" has no tag model_card.digest, which is required for ["a regulated segment"]`,
		"/spec/variants/0/version",
	]}
}

test_others_need_no_card if {
	_found(example.cluster) == set()
	_found(example.put(example.cluster, "/locks/41/facts/tags/model_card.digest", "?")) == set()
}

test_every_version_needs_one_whatever_its_weight if {
	both := example.put(_tagged(example.digest), "/new/spec/variants", example.step(0))
	{pointer | some [_, pointer] in _found(both)} == {"/spec/variants/1/version"}
}

test_what_is_not_a_digest_is_denied if {
	_found(_tagged("v3")) == {[
		`the tag model_card.digest of version "41" is "v3", which is not a SHA-256 digest`,
		"/spec/variants/0/version",
	]}
	every text in [
		"", upper(example.digest), trim_prefix(example.digest, "sha256:"),
		concat("", [example.digest, "a"]), concat("", [example.digest, "\n"]),
	] {
		count(_found(_tagged(text))) == 1
	}
}

test_outside_production_only_what_is_written_counts if {
	staging := example.put(_deciding, "/environment/spec/tier", "staging")
	_found(staging) == set()
	wrong := example.put(_tagged("v3"), "/environment/spec/tier", "staging")
	count(_found(wrong)) == 1
}

test_a_version_without_lock_is_for_another_rule if {
	_found(example.without(_deciding, "/locks/41")) == set()
}

test_what_is_missing_is_not_checked if {
	every path in ["/new/spec/variants", "/locks", "/environment/spec"] {
		not model_card.checked with input as example.without(example.cluster, path)
	}
}
