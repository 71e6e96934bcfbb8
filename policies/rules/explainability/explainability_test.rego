package lockstep.rules.explainability_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.explainability

_methods := {"explainability": {"accepted": ["lime", "shap"], "regulated": ["shap"]}}

_of(privacy, segment) := example.put(
	example.put(example.cluster, "/new/spec/privacy", privacy),
	"/new/spec/segment", segment,
)

_found(method, regulated) := {[finding.message, finding.pointer] |
	some finding in explainability.deny with input as _of(
		object.union({"data": "none", "automatedDecision": true}, method),
		{"name": "consumer", "regulated": regulated},
	)
		with data.thresholds as _methods
}

test_an_accepted_method_is_allowed if {
	_found({"explainability": "lime"}, false) == set()
	_found({"explainability": "shap"}, true) == set()
	explainability.checked with input as example.cluster with data.thresholds as _methods
}

test_a_method_that_is_not_accepted_is_denied if {
	_found({"explainability": "inherent"}, false) == {[
		`spec.privacy.explainability is "inherent"; accepted methods for this segment are ["lime","shap"]`,
		"/spec/privacy/explainability",
	]}
}

test_a_regulated_segment_accepts_fewer if {
	_found({"explainability": "lime"}, true) == {[
		`spec.privacy.explainability is "lime"; accepted methods for this segment are ["shap"]`,
		"/spec/privacy/explainability",
	]}
}

test_no_method_is_denied if {
	_found({}, false) == {[
		"spec.privacy.automatedDecision is true, but spec.privacy.explainability is missing",
		"/spec/privacy/automatedDecision",
	]}
}

test_a_cluster_without_segment_is_not_regulated if {
	lime := {"data": "none", "automatedDecision": true, "explainability": "lime"}
	one := example.put(example.cluster, "/new/spec/privacy", lime)
	explainability.deny == set() with input as one with data.thresholds as _methods
}

test_where_humans_decide_anything_goes if {
	every privacy in [{}, {"explainability": "inherent"}, {"automatedDecision": false}] {
		one := example.put(example.cluster, "/new/spec/privacy", privacy)
		explainability.deny == set() with input as one with data.thresholds as _methods
	}
}

test_what_is_missing_is_not_checked if {
	not explainability.checked with input as example.without(example.cluster, "/new/spec")
		with data.thresholds as _methods
	every path in ["/explainability/accepted", "/explainability/regulated"] {
		few := example.without(_methods, path)
		not explainability.checked with input as example.cluster with data.thresholds as few
	}
}
