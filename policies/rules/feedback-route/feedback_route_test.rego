package lockstep.rules.feedback_route_test

import data.lockstep.lib.example_test as example
import data.lockstep.rules.feedback_route

_to(subset, weight) := {"destination": {"host": "fraud", "subset": subset}, "weight": weight}

_header := {"headers": {"x-user-bucket": {"regex": "^(?:[0-4])$"}}}

_bucket(subset) := {"name": "bucket", "match": [_header], "route": [_to(subset, 100)]}

_weighted := {"name": "weighted", "route": [_to("v41", 80), _to("v14", 20)]}

_rule(slug, version) := {
	"metadata": {"name": concat("-", ["fraud", slug])},
	"spec": {
		"host": "fraud",
		"subsets": [{"name": slug, "labels": {"lockstep.dev/version": version}}],
	},
}

_variants := [
	{"name": "stable", "version": "41", "weight": 75},
	{"name": "seasonal", "version": "14", "weight": 20, "experiment": true},
	{"name": "bandit", "version": "15", "weight": 5, "experiment": true},
]

# A cluster with an arm that learns and one that does not, and these routes.
_with(routes) := json.patch(example.with_variants(_variants), [
	{"op": "add", "path": "/new/spec/experiments", "value": {
		"bandit": {"learnsFrom": "live", "expires": "2026-12-31"},
		"seasonal": {"learnsFrom": "offline", "expires": "2026-12-31"},
	}},
	{"op": "add", "path": "/rendered", "value": {
		"VirtualService": [{"metadata": {"name": "fraud"}, "spec": {"http": routes}}],
		"DestinationRule": [
			{"metadata": {"name": "fraud"}, "spec": {"host": "fraud"}},
			_rule("v41", "41"), _rule("v14", "14"), _rule("v15", "15"),
		],
	}},
])

_valid := _with([_bucket("v15"), _bucket("v14"), _weighted])

_found(input_) := {[finding.message, object.get(finding, "object", ""), finding.pointer] |
	some finding in feedback_route.deny with input as input_
}

_routed(routes) := _found(_with(routes))

_object := {"kind": "VirtualService", "name": "fraud"}

test_an_arm_with_a_route_of_its_own_is_allowed if {
	_found(_valid) == set()
	feedback_route.checked with input as _valid
	_routed([_weighted]) == set()
}

test_an_arm_in_the_shared_route_is_denied if {
	all := {"name": "weighted", "route": [_to("v41", 95), _to("v15", 5)]}
	_routed([_bucket("v15"), all]) == {[
		concat("", [
			`route "weighted" sends requests to arm "bandit", which learns from live data, `,
			`and to subsets ["v41"]`,
		]),
		_object,
		"/spec/http/1/route/1/destination/subset",
	]}
}

test_a_match_does_not_excuse_a_shared_route if {
	shared := {"match": [_header], "route": [_to("v14", 50), _to("v15", 50)]}
	{message | some [message, _, _] in _routed([shared])} == {concat("", [
		"route 0 sends requests to arm \"bandit\", which learns from live data, ",
		`and to subsets ["v14"]`,
	])}
}

test_two_arms_that_learn_share_no_route if {
	live := example.put(_valid, "/new/spec/experiments/seasonal/learnsFrom", "live")
	shared := {"match": [_header], "route": [_to("v14", 50), _to("v15", 50)]}
	count(_found(example.put(live, "/rendered/VirtualService/0/spec/http", [shared]))) == 2
	own := [_bucket("v15"), _bucket("v14")]
	_found(example.put(live, "/rendered/VirtualService/0/spec/http", own)) == set()
}

test_a_destination_without_subset_gets_all_requests if {
	any := {"match": [_header], "route": [_to("v15", 5), {"destination": {"host": "fraud"}}]}
	count(_routed([any])) == 1
}

test_copies_of_other_requests_are_denied if {
	mirror := object.union(_weighted, {"mirror": {"host": "fraud", "subset": "v15"}})
	{pointer | some [_, _, pointer] in _routed([mirror])} == {"/spec/http/0/mirror/subset"}
	mirrors := object.union(_weighted, {"mirrors": [_to("v15", 5)]})
	{pointer | some [_, _, pointer] in _routed([mirrors])} == {"/spec/http/0/mirrors/0/destination/subset"}
	copied := object.union(_bucket("v15"), {"mirrors": [_to("v41", 5)]})
	{pointer | some [_, _, pointer] in _routed([copied])} == {"/spec/http/0/route/0/destination/subset"}
}

test_a_route_without_a_match_is_denied if {
	_routed([{"name": "weighted", "route": [_to("v15", 100)]}]) == {[
		concat("", [
			`route "weighted" leads to arm "bandit", which learns from live data, `,
			`and matches "everything"`,
		]),
		_object,
		"/spec/http/0/route/0/destination/subset",
	]}
}

test_each_match_needs_a_header if {
	every match in [[], [{}], [_header, {"uri": {"prefix": "/"}}], [{"headers": {}}]] {
		count(_routed([object.union(_bucket("v15"), {"match": match})])) == 1
	}
}

test_an_arm_that_does_not_learn_may_share if {
	offline := {"bandit": {"learnsFrom": "offline"}}
	all := [{"route": [_to("v41", 80), _to("v15", 20)]}]
	_found(example.put(_with(all), "/new/spec/experiments", offline)) == set()
	_found(example.without(_with(all), "/new/spec/experiments")) == set()
	role := [object.union(_variants[2], {"name": "candidate"})]
	_found(example.put(_with(all), "/new/spec/variants", role)) == set()
}

test_a_version_in_two_places_is_denied_once if {
	same := [_variants[0], _variants[1], object.union(_variants[2], {"version": "41"})]
	_found(example.put(_valid, "/new/spec/variants", same)) == {[
		`arm "bandit" learns from live data and has version "41", which ["stable"] also has`,
		"",
		"/spec/variants/2/version",
	]}
}

test_a_subset_is_known_by_its_label if {
	named := example.put(
		_with([{"route": [_to("blue", 1), _to("v41", 1)]}]),
		"/rendered/DestinationRule/3", _rule("blue", "15"),
	)
	count(_found(named)) == 1
}

test_an_arm_whose_subset_is_unknown_is_not_checked if {
	gone := example.without(_valid, "/rendered/DestinationRule/3")
	not feedback_route.checked with input as gone
	idle := example.put(gone, "/new/spec/variants/2/weight", 0)
	feedback_route.checked with input as idle
	alias := example.put(gone, "/new/spec/variants/2/version", "@champion")
	feedback_route.checked with input as alias
	unrendered := example.put(gone, "/rendered/VirtualService", [])
	feedback_route.checked with input as unrendered
	_found(unrendered) == set()
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/variants", "/rendered", "/rendered/VirtualService",
		"/rendered/DestinationRule", "/rendered/VirtualService/0/metadata/name",
		"/rendered/VirtualService/0/spec",
	] {
		not feedback_route.checked with input as example.without(_valid, path)
	}
	every kind in ["VirtualService", "DestinationRule"] {
		odd := example.put(_valid, concat("/", ["/rendered", kind]), {})
		not feedback_route.checked with input as odd
	}
}
