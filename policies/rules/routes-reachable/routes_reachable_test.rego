package lockstep.rules.routes_reachable_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.rendered_test as rendered
import data.lockstep.rules.routes_reachable

_found(routes) := {[finding.message, finding.pointer] |
	some finding in routes_reachable.deny with input as rendered.cluster(routes)
}

_pointers(routes) := {pointer | some [_, pointer] in _found(routes)}

_header(name, condition, version) := {
	"name": sprintf("to-v%s", [version]),
	"match": [rendered.header(name, condition)],
	"route": [rendered.to(version, 100)],
}

test_routes_as_they_are_rendered_are_allowed if {
	_found(rendered.routes) == set()
	routes_reachable.checked with input as rendered.cluster(rendered.routes)
}

test_a_route_behind_everything_is_denied if {
	[first, second, third] := rendered.routes
	_found([first, third, second]) == {[
		`route "bucket-v42" comes after route "weighted", which matches every request`,
		"/spec/http/2",
	]}
	routes_reachable.deny == {finding |
		some finding in routes_reachable.deny
		finding.object == {"kind": "VirtualService", "name": "fraud-eu-west-1"}
	} with input as rendered.cluster([third, first])
}

test_every_form_of_everything_is_known if {
	every match in [
		[], [{}], [{"name": "all"}], [{"uri": {"prefix": "/"}}],
		[rendered.header("a", {"exact": "b"}), {}],
	] {
		all := object.union(rendered.weighted, {"match": match})
		_pointers([all, rendered.routes[0]]) == {"/spec/http/1"}
	}
	some_ := object.union(rendered.weighted, {"match": [{"uri": {"prefix": "/v1"}}]})
	_found([some_, rendered.weighted]) == set()
}

test_a_route_without_a_name_goes_by_its_place if {
	nameless := object.remove(rendered.weighted, ["name"])
	_found([nameless, nameless]) == {[
		"route 1 comes after route 0, which matches every request",
		"/spec/http/1",
	]}
}

test_the_same_match_twice_is_denied if {
	first := rendered.routes[0]
	second := object.union(rendered.bucket("42", "ignored"), {"match": [
		{"uri": {"prefix": "/v2"}},
		object.union(first.match[0], {"name": "again"}),
	]})
	_found([first, second, rendered.weighted]) == {[
		concat("", [
			`routes "bucket-v41" and "bucket-v42" both match requests with `,
			`{"headers":{"x-user-bucket":{"regex":"^(?:[0-9]|[1-8][0-9])$"}}}`,
		]),
		"/spec/http/1/match",
	]}
}

test_buckets_that_overlap_are_denied if {
	one := rendered.bucket("41", "^(?:[0-9]|[1-8][0-9]|90)$")
	other := rendered.bucket("42", "9[0-9]")
	_found([one, other, rendered.weighted]) == {[
		`routes "bucket-v41" and "bucket-v42" both match requests with {"x-user-bucket":["90"]}`,
		"/spec/http/1/match",
	]}
}

test_a_pattern_is_compared_with_the_whole_value if {
	_found([rendered.bucket("41", "1|2"), rendered.bucket("42", "[3-9]|1[0-9]")]) == set()
}

test_each_bucket_counts if {
	every bucket in numbers.range(0, 99) {
		exact := _header("x-user-bucket", {"exact": sprintf("%d", [bucket])}, "41")
		pattern := rendered.bucket("42", sprintf("^(?:%d)$", [bucket]))
		_pointers([exact, pattern]) == {"/spec/http/1/match"}
	}
}

test_several_mistakes_of_one_kind_are_one_finding if {
	all := object.union(rendered.weighted, {"match": [{}]})
	_pointers([all, all]) == {"/spec/http/1"}
	_pointers([rendered.routes[0], object.union(all, {"match": [rendered.routes[0].match[0], {}]})]) == set()
}

test_a_value_inside_a_pattern_overlaps if {
	exact := _header("x-user-bucket", {"exact": "95"}, "41")
	_pointers([exact, rendered.routes[1]]) == {"/spec/http/1/match"}
	_pointers([rendered.routes[1], exact]) == {"/spec/http/1/match"}
	_found([exact, rendered.routes[0]]) == set()
}

test_conditions_that_cannot_be_compared_are_not_checked if {
	prefix := _header("x-user-bucket", {"prefix": "9"}, "41")
	elsewhere := _header("x-other", {"regex": "9[0-9]"}, "41")
	narrower := object.union(rendered.routes[1], {"match": [object.union(
		rendered.header("x-user-bucket", {"regex": "9[5-9]"}),
		{"uri": {"prefix": "/v1"}},
	)]})
	two := object.union(rendered.routes[1], {"match": [{"headers": {
		"x-user-bucket": {"regex": "9[0-9]"},
		"x-other": {"exact": "a"},
	}}]})
	every other in [prefix, elsewhere, narrower, two] {
		_found([rendered.routes[1], other, rendered.weighted]) == set()
	}
}

test_weights_must_add_up if {
	short := object.union(rendered.weighted, {"route": [rendered.to("41", 90), rendered.to("42", 9)]})
	_found([short]) == {[
		`the weights of the destinations of route "weighted" add up to 99; they must add up to 100`,
		"/spec/http/0/route",
	]}
	silent := object.union(rendered.weighted, {"route": [
		rendered.to("41", 90),
		object.remove(rendered.to("42", 0), ["weight"]),
	]})
	count(_found([silent])) == 1
}

test_a_single_destination_says_100 if {
	every weight in [0, 99, 101, null] {
		[[message, pointer]] := [found |
			some found in _found([object.union(rendered.weighted, {"route": [rendered.to("41", weight)]})])
		]
		pointer == "/spec/http/0/route/0"
		contains(message, sprintf("has weight %s, but", [json.marshal(weight)]))
	}
	mute := object.remove(rendered.to("41", 0), ["weight"])
	count(_found([object.union(rendered.weighted, {"route": [mute]})])) == 1
}

test_weights_of_tcp_must_add_up_too if {
	stream := {"match": [{"gateways": ["mesh"], "port": 9000}], "route": [
		rendered.to("41", 90),
		rendered.to("42", 9),
	]}
	valid := rendered.cluster(rendered.routes)
	wrong := example.put(valid, "/rendered/VirtualService/0/spec/tcp", [stream])
	found := {[finding.message, finding.pointer] | some finding in routes_reachable.deny with input as wrong}
	found == {[
		"the weights of the destinations of route 9000 add up to 99; they must add up to 100",
		"/spec/tcp/0/route",
	]}
	single := example.put(wrong, "/rendered/VirtualService/0/spec/tcp/0/route", [rendered.to("41", 9)])
	{pointer | some pointer in [f.pointer | some f in routes_reachable.deny with input as single]} == {
		"/spec/tcp/0/route/0",
	}
}

test_a_redirect_has_no_destinations if {
	_found([{"name": "moved", "redirect": {"authority": "elsewhere.example.com"}}]) == set()
}

test_weights_of_the_spec_are_left_to_the_rule_for_sums if {
	short := object.union(rendered.weighted, {"route": [rendered.to("41", 90), rendered.to("42", 9)]})
	single := object.union(rendered.bucket("42", "9"), {"route": [rendered.to("42", 9)]})
	wrong := example.put(rendered.cluster([single, short]), "/new/spec/variants/1/weight", 9)
	routes_reachable.deny == set() with input as wrong
}

test_an_object_without_routes_is_not_checked_by_this_rule if {
	none := example.without(rendered.cluster([]), "/rendered/VirtualService/0/spec/http")
	routes_reachable.deny == set() with input as none
	routes_reachable.checked with input as none
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/variants", "/rendered", "/rendered/VirtualService",
		"/rendered/VirtualService/0/metadata", "/rendered/VirtualService/0/spec",
	] {
		valid := rendered.cluster(rendered.routes)
		not routes_reachable.checked with input as example.without(valid, path)
	}
}
