package lockstep.rules.retention_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.retention

_days := {"retention": {"maxDays": {"pseudonymous": 300, "personal": 100, "special": 9}}}

_of(privacy) := example.put(example.cluster, "/new/spec/privacy", privacy)

_found(privacy) := {[finding.message, finding.pointer] |
	some finding in retention.deny with input as _of(privacy) with data.thresholds as _days
}

test_the_longest_time_is_allowed if {
	_found({"data": "pseudonymous", "retention": "300d"}) == set()
	_found({"data": "personal", "retention": "100d"}) == set()
	_found({"data": "special", "retention": "9d"}) == set()
	retention.checked with input as example.cluster with data.thresholds as _days
}

test_a_day_more_is_denied if {
	_found({"data": "special", "retention": "10d"}) == {[
		`spec.privacy.retention is "10d"; "special" data may be kept for at most 9 days`,
		"/spec/privacy/retention",
	]}
	count(_found({"data": "personal", "retention": "101d"})) == 1
	count(_found({"data": "pseudonymous", "retention": "301d"})) == 1
}

test_no_time_is_denied_where_people_are_concerned if {
	every data_ in ["pseudonymous", "personal", "special"] {
		_found({"data": data_}) == {[
			sprintf(
				`the requests contain "%s" data, but spec.privacy.retention is missing`,
				[data_],
			),
			"/spec/privacy/data",
		]}
	}
}

test_data_without_people_are_exempt if {
	_found({"data": "none"}) == set()
	_found({"data": "none", "retention": "9999d"}) == set()
	without := example.without(example.cluster, "/new/spec/privacy")
	retention.deny == set() with input as without with data.thresholds as _days
}

test_what_is_missing_is_not_checked if {
	not retention.checked with input as example.without(example.cluster, "/new/spec")
		with data.thresholds as _days
	every class in ["pseudonymous", "personal", "special"] {
		few := example.without(_days, sprintf("/retention/maxDays/%s", [class]))
		not retention.checked with input as example.cluster with data.thresholds as few
	}
}
