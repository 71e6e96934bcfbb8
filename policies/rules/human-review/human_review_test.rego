package lockstep.rules.human_review_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.human_review

_found(privacy) := {[finding.message, finding.pointer] |
	some finding in human_review.deny with input as example.put(
		example.cluster, "/new/spec/privacy",
		privacy,
	)
}

_alone(data_) := {"data": data_, "automatedDecision": true}

test_a_review_team_is_allowed if {
	every data_ in ["pseudonymous", "personal", "special"] {
		_found(object.union(_alone(data_), {"humanReview": "review@example.com"})) == set()
	}
	human_review.checked with input as example.cluster
}

test_a_missing_review_team_is_denied if {
	every data_ in ["pseudonymous", "personal", "special"] {
		_found(_alone(data_)) == {[
			concat("", [
				`spec.privacy.automatedDecision is true on "`, data_,
				`" data, but spec.privacy.humanReview is missing`,
			]),
			"/spec/privacy/automatedDecision",
		]}
	}
}

test_others_need_none if {
	_found(_alone("none")) == set()
	_found({"data": "special", "automatedDecision": false}) == set()
	_found({"data": "special"}) == set()
	human_review.deny == set() with input as example.without(example.cluster, "/new/spec/privacy")
}

test_what_is_missing_is_not_checked if {
	not human_review.checked with input as example.without(example.cluster, "/new/spec")
}
