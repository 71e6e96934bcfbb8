package lockstep.rules.subsets_routed_test

import data.lockstep.lib.example_test as example
import data.lockstep.lib.rendered_test as rendered
import data.lockstep.rules.subsets_routed

_valid := rendered.cluster(rendered.routes)

_found(changed) := {[finding.message, finding.object, finding.pointer] |
	some finding in subsets_routed.deny with input as changed
}

test_what_is_rendered_agrees if {
	_found(_valid) == set()
	subsets_routed.checked with input as _valid
}

test_a_route_to_an_undeclared_subset_is_denied if {
	_found(example.without(_valid, "/rendered/DestinationRule/2")) == {
		[
			concat("", [
				`route "bucket-v41" leads to subset "v41", but no DestinationRule declares it for `,
				`host "fraud-eu-west-1.fraud.svc.cluster.local"`,
			]),
			{"kind": "VirtualService", "name": "fraud-eu-west-1"},
			"/spec/http/0/route/0/destination/subset",
		],
		[
			concat("", [
				`route "weighted" leads to subset "v41", but no DestinationRule declares it for host `,
				`"fraud-eu-west-1.fraud.svc.cluster.local"`,
			]),
			{"kind": "VirtualService", "name": "fraud-eu-west-1"},
			"/spec/http/2/route/0/destination/subset",
		],
	}
}

test_the_host_counts if {
	elsewhere := example.put(_valid, "/rendered/DestinationRule/3/spec/host", "other.example.com")
	pointers := {[object.kind, pointer] | some [_, object, pointer] in _found(elsewhere)}
	pointers == {
		["VirtualService", "/spec/http/1/route/0/destination/subset"],
		["VirtualService", "/spec/http/2/route/1/destination/subset"],
		["DestinationRule", "/spec/subsets/0/name"],
	}
}

test_a_copy_of_the_traffic_names_a_subset_too if {
	destination := rendered.to("43", 0).destination
	first := object.union(rendered.routes[0], {"mirrors": [{"destination": destination, "percentage": {"value": 20}}]})
	second := object.union(rendered.routes[1], {"mirror": destination})
	wrong := rendered.cluster([first, second, rendered.weighted])
	{pointer | some [_, _, pointer] in _found(wrong)} == {
		"/spec/http/0/mirrors/0/destination/subset",
		"/spec/http/1/mirror/subset",
	}
	_found(example.put(wrong, "/rendered/DestinationRule/-", rendered.subset("43"))) == set()
}

test_a_route_of_tcp_names_a_subset_too if {
	stream := {
		"match": [{"gateways": ["mesh"], "port": 9000}],
		"route": [rendered.to("41", 90), rendered.to("43", 10)],
	}
	wrong := example.put(_valid, "/rendered/VirtualService/0/spec/tcp", [stream])
	_found(wrong) == {[
		concat("", [
			`route 9000 leads to subset "v43", but no DestinationRule declares it for host `,
			`"fraud-eu-west-1.fraud.svc.cluster.local"`,
		]),
		{"kind": "VirtualService", "name": "fraud-eu-west-1"},
		"/spec/tcp/0/route/1/destination/subset",
	]}
}

test_a_destination_without_subset_names_none if {
	all := {"name": "all", "route": [{"destination": {"host": rendered.service}, "weight": 100}]}
	wrong := rendered.cluster([all])
	{[object.kind, object.name] | some [_, object, _] in _found(wrong)} == {
		["DestinationRule", "fraud-eu-west-1-v41"],
		["DestinationRule", "fraud-eu-west-1-v42"],
	}
}

test_a_subset_that_nothing_reaches_is_denied if {
	alone := {"name": "weighted", "route": [rendered.to("41", 100)]}
	_found(rendered.cluster([alone])) == {[
		concat("", [
			`no route leads to subset "v42" of host "fraud-eu-west-1.fraud.svc.cluster.local", `,
			"although its version has weight or is unknown",
		]),
		{"kind": "DestinationRule", "name": "fraud-eu-west-1-v42"},
		"/spec/subsets/0/name",
	]}
}

test_a_subset_of_no_variant_is_denied if {
	left_over := example.put(_valid, "/rendered/DestinationRule/-", rendered.subset("39"))
	{object.name | some [_, object, _] in _found(left_over)} == {"fraud-eu-west-1-v39"}
	nameless := example.without(_valid, "/rendered/DestinationRule/1/spec/subsets/0/labels")
	{object.name | some [_, object, _] in _found(nameless)} == {"fraud-eu-west-1-v40"}
}

test_a_misnamed_subset_is_one_mistake if {
	misnamed := example.put(_valid, "/rendered/DestinationRule/3/spec/subsets/0/name", "42")
	{[object.kind, pointer] | some [_, object, pointer] in _found(misnamed)} == {
		["VirtualService", "/spec/http/1/route/0/destination/subset"],
		["VirtualService", "/spec/http/2/route/1/destination/subset"],
	}
}

test_one_role_of_weight_0_is_not_enough if {
	alone := {"name": "weighted", "route": [rendered.to("41", 100)]}
	two := example.put(
		rendered.cluster([alone]), "/new/spec/variants/-",
		{"name": "arm", "version": "42", "weight": 0, "experiment": true},
	)
	count(_found(two)) == 1
}

test_what_is_missing_is_not_checked if {
	every path in [
		"/new/spec/variants", "/rendered", "/rendered/VirtualService", "/rendered/DestinationRule",
		"/rendered/VirtualService/0/metadata", "/rendered/DestinationRule/1/spec",
	] {
		not subsets_routed.checked with input as example.without(_valid, path)
	}
}
